"""Confirmations, sent through the mail gateway of the town hall."""

import requests
from jinja2 import Environment

GATEWAY = "https://mail-gateway.example.org/v1/messages"
GATEWAY_USER = "booking"
GATEWAY_PASSWORD = "spring-2019-booking"

TEXT = Environment(autoescape=True).from_string(
    "{{ booking.group_name }}: {{ booking.facility.name }} is yours from {{ booking.starts }}."
)


def confirm(booking, address):
    """Send the confirmation of `booking` to `address`."""
    message = {"to": address, "text": TEXT.render(booking=booking)}
    answer = requests.post(GATEWAY, json=message, auth=(GATEWAY_USER, GATEWAY_PASSWORD), timeout=10)
    answer.raise_for_status()
