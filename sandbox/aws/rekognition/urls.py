"""The routes of moto's Rekognition; one endpoint serves all operations."""

from moto.rekognition.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
