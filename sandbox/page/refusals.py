"""Refusals of the page's part of the server."""

from http import HTTPStatus


class Refused(Exception):
    """The server does not do what a request asks for; the message is a sentence for a person."""

    def __init__(self, sentence: str, status: int = HTTPStatus.BAD_REQUEST) -> None:
        super().__init__(sentence)
        self.status = status
