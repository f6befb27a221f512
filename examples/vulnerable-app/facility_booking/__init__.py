"""Booking of meeting rooms and sports halls."""
