"""The routes are those of moto's own Rekognition: one endpoint serves every operation."""

from moto.rekognition.urls import url_bases, url_paths

__all__ = ["url_bases", "url_paths"]
