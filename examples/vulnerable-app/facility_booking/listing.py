"""The list of bookings that the counter staff see."""

from django.http import JsonResponse

from facility_booking.models import Booking


def bookings(request):
    """Answer with the bookings, sorted as the page asks for."""
    wanted = request.GET.get("sort", "starts")
    rows = Booking.objects.order_by(wanted).values("facility__name", "starts", "ends")
    return JsonResponse({"bookings": list(rows)})
