"""Notifications on their way: from the outbox to the endpoints of subscriptions, at least once and in order."""
