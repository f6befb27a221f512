"""The shipped profiles: data files in which every limit names its clause (read by ``gate.profile``)."""
