"""Every environment variable of the server: type, default, one sentence.

Nothing else reads the environment.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Literal, Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from pztables.product_types import MAX_UPLOAD_BYTES


class HubConfig(BaseSettings):
    """Configuration of one server, from variables named ``PZHUB_<FIELD>``."""

    model_config = SettingsConfigDict(env_prefix="PZHUB_", extra="ignore")

    data_dir: Path = Field(
        Path("data"), description="Folder that holds everything the server keeps."
    )
    database_url: str = Field(
        "", description="Database address; empty means SQLite in the data folder."
    )
    datasets_dir: Path | None = Field(
        None,
        description="Folder of the object catalogs that releases offer (HATS); empty means"
        " datasets in the data folder.",
    )
    dust_maps_dir: Path | None = Field(
        None,
        description="Folder of the dust maps, as the dustmaps library keeps them; empty means"
        " dust_maps in the data folder.",
    )
    secret_key: str = Field(
        "",
        description="Signs sessions and links; empty means the key file in the data folder.",
    )
    debug: bool = Field(False, description="Show tracebacks in the browser; for development only.")
    allowed_hosts: list[str] = Field(
        ["localhost", "127.0.0.1", "[::1]"],
        description="Host names that the server answers to (JSON list).",
    )
    base_url: str = Field(
        "", description="Public address of the site, for links in mail; empty means as requested."
    )
    behind_proxy: bool = Field(
        False, description="Trust X-Forwarded-Proto and X-Forwarded-Host of a reverse proxy."
    )
    environment_name: str = Field(
        "Development",
        description="Name of this instance; any other than Production shows the test banner.",
    )
    production_url: str = Field(
        "", description="Address of the production site, linked from the test banner."
    )
    operator_name: str = Field("", description="Who runs this instance, for the footer.")
    helpdesk_email: str = Field("", description="Where users ask for help.")
    mail_host: str = Field(
        "", description="Mail server (SMTP) that takes the letters; empty means no mail is sent."
    )
    mail_port: int = Field(25, gt=0, description="Port of the mail server.")
    mail_security: Literal["none", "starttls", "tls"] = Field(
        "none", description="How the connection to the mail server is protected."
    )
    mail_user: str = Field("", description="Name to sign in to the mail server with.")
    mail_password: str = Field("", description="Password to sign in to the mail server with.")
    mail_from: str = Field(
        "", description="Sender of the letters; empty means noreply at the host of the site."
    )
    max_upload_bytes: int = Field(
        MAX_UPLOAD_BYTES, gt=0, description="Largest file that a user may upload, bytes."
    )
    upload_quota_bytes: int = Field(
        20_000_000_000,
        ge=0,
        description="What all files of one user may take together, bytes; 0 means no limit.",
    )
    draft_days: int = Field(
        90,
        ge=0,
        description="After so many days without a change a draft is discarded; 0 means never.",
    )
    upload_hours: int = Field(
        168, gt=0, description="How long an unfinished resumable upload is kept, hours."
    )
    inspection_memory_bytes: int = Field(
        2_000_000_000, gt=0, description="Memory limit of one file inspection, bytes."
    )
    inspection_seconds: int = Field(
        600, gt=0, description="Time limit of one file inspection, seconds."
    )
    data_slots: int = Field(
        1, gt=0, description="Questions to tables that one web server process works on at once."
    )
    data_threads: int = Field(2, gt=0, description="Threads of one question to a table.")
    data_memory_bytes: int = Field(
        200_000_000, gt=0, description="Memory limit of one question to a table, bytes."
    )
    data_seconds: int = Field(
        60, gt=0, description="Time limit of one question to a table, seconds."
    )
    data_max_rows: int = Field(
        5_000_000, gt=0, description="Most rows of one subset of a table that is sent as a file."
    )
    data_max_bytes: int = Field(
        1_000_000_000, gt=0, description="Largest subset of a table that is sent as a file, bytes."
    )
    archive_hours: int = Field(72, gt=0, description="How long a prepared download is kept, hours.")
    bundle_max_products: int = Field(
        100, gt=0, description="Most products of one download of several."
    )
    bundle_max_bytes: int = Field(
        10_000_000_000, gt=0, description="Largest download of several products, bytes."
    )
    web_workers: int = Field(2, gt=0, description="Web server processes.")
    web_threads: int = Field(8, gt=0, description="Threads of each web server process.")
    chore_workers: int = Field(
        1, gt=0, description="Processes that do chores (inspection, archives, profiles)."
    )
    pipeline_slots: int = Field(2, gt=0, description="Pipeline runs at the same time on this host.")
    pipeline_slots_per_user: int = Field(
        2, gt=0, description="Pipeline runs of one user at the same time."
    )
    pipeline_workers: int = Field(2, gt=0, description="Worker processes inside one pipeline run.")
    pipeline_memory_bytes: int = Field(
        4_000_000_000, gt=0, description="Memory budget of one pipeline run, bytes."
    )
    pipeline_seconds: int = Field(
        7200, gt=0, description="Time limit of one pipeline run, seconds."
    )
    token_days: int = Field(
        365, ge=0, description="Default lifetime of a new API token, days; 0 means for ever."
    )
    password_sign_in: bool = Field(
        True, description="Whether people sign in with passwords that are kept here."
    )
    oidc_issuer: str = Field(
        "",
        description="Address of the identity provider (OpenID Connect); empty means there is none.",
    )
    oidc_client_id: str = Field("", description="What the identity provider calls this server.")
    oidc_client_secret: str = Field(
        "", description="Secret of this server at the identity provider; a public client has none."
    )
    oidc_scopes: str = Field(
        "openid profile email", description="What is asked of the identity provider."
    )
    oidc_name: str = Field(
        "Rubin Science Platform", description="Name of the identity provider on the button."
    )
    oidc_username_claim: str = Field(
        "preferred_username", description="Claim with the login name of a new user."
    )
    oidc_groups_claim: str = Field(
        "isMemberOf", description="Claim with the access groups: a list, or names with blanks."
    )
    oidc_member_groups: list[str] = Field(
        [],
        description="Groups of that claim whose members may come in (JSON list); empty means"
        " everybody whom the identity provider lets in.",
    )
    oidc_status_claim: str = Field(
        "",
        description="Claim with the state of the registration, such as schacUserStatus; who has"
        " none must register first. Empty means it is not looked at.",
    )
    oidc_status_active: list[str] = Field(
        ["active"], description="States of registrations that are complete (JSON list)."
    )
    oidc_status_pending: list[str] = Field(
        ["pending"], description="States of registrations that await approval (JSON list)."
    )
    oidc_registration_url: str = Field(
        "", description="Where people register who are not yet; linked from the page that says so."
    )
    oidc_approval: bool = Field(
        False,
        description="Whether the account of a newcomer waits until an administrator switches"
        " it on.",
    )
    log_level: str = Field("INFO", description="Least severe level that is logged.")

    @model_validator(mode="after")
    def _letters_need_an_address(self) -> Self:
        if self.mail_host and not self.base_url.startswith(("http://", "https://")):
            raise ValueError(
                "PZHUB_MAIL_HOST is set, but PZHUB_BASE_URL is no address: letters link to the"
                " site, so set it to the public address, such as https://pz.example.org"
            )
        return self

    @model_validator(mode="after")
    def _there_is_a_way_in(self) -> Self:
        if self.oidc_issuer:
            address = urlsplit(self.oidc_issuer)
            is_here = address.hostname in {"localhost", "127.0.0.1", "::1"}
            if address.scheme != "https" and not (address.scheme == "http" and is_here):
                raise ValueError(
                    "PZHUB_OIDC_ISSUER must be an https address, as the identity provider has it"
                )
            if not self.oidc_client_id:
                raise ValueError("PZHUB_OIDC_ISSUER is set: set PZHUB_OIDC_CLIENT_ID too")
            if "openid" not in self.oidc_scopes.split():
                raise ValueError("PZHUB_OIDC_SCOPES must contain openid")
        elif not self.password_sign_in:
            raise ValueError(
                "PZHUB_PASSWORD_SIGN_IN is off and PZHUB_OIDC_ISSUER is empty: nobody could sign in"
            )
        return self

    @property
    def mail_domain(self) -> str:
        """Host of the site, for the names of letters."""
        return urlsplit(self.base_url).hostname or "localhost"


@lru_cache
def hub_config() -> HubConfig:
    """Return the configuration of this process, read once."""
    return HubConfig()
