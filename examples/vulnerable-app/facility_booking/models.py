"""The two tables of the service."""

from django.db import models


class Facility(models.Model):
    """A room or hall that can be booked."""

    name = models.CharField(max_length=80)
    seats = models.PositiveIntegerField()
    fee_per_hour = models.PositiveIntegerField(help_text="in yen")


class Booking(models.Model):
    """One facility, taken from one moment to another."""

    facility = models.ForeignKey(Facility, on_delete=models.PROTECT)
    starts = models.DateTimeField()
    ends = models.DateTimeField()
    group_name = models.CharField(max_length=120)

    class Meta:
        """Bookings are listed in the order in which they begin."""

        ordering = ("starts",)
