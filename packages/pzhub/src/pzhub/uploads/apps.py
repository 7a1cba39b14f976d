"""App configuration."""

from django.apps import AppConfig


class UploadsConfig(AppConfig):
    """The uploads app."""

    name = "pzhub.uploads"
    label = "uploads"

    def ready(self) -> None:
        """Register the checks before publication and what runs again and again."""
        from pzhub.catalog.hooks import (
            register_meaning_effect,
            register_publication_check,
            register_publication_effect,
            register_restoration_check,
        )
        from pzhub.core.sweeps import SWEEPS
        from pzhub.uploads import services

        register_publication_check(services.check_main_file)
        register_publication_effect(services.want_profile)
        register_restoration_check(services.require_room_again)
        register_meaning_effect(services.want_profile)
        SWEEPS.extend(
            [
                services.sweep_drafts,
                services.sweep_inspections,
                services.sweep_orphans,
                services.sweep_profiles,
                services.sweep_uploads,
            ]
        )
