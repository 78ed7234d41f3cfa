"""What a server process stands on; one for each."""

import dataclasses
import functools
from urllib.parse import urlsplit

from runtime.lookups import LookUp, look_up
from runtime.settings import Settings
from runtime.signals import Signals
from server.body_budget import BodyBudget
from server.events import EventHub
from server.last_use import LastUse
from server.mail import Mailer
from server.oidc.provider import Provider
from server.passwords import Passwords
from server.ratelimit import LocalRateLimiter, RateLimiter
from server.response_cache import KeyIds, ResponseCache
from storage.store import Store


@dataclasses.dataclass(frozen=True)
class Services:
    """The parts that requests of one process share."""

    settings: Settings
    store: Store
    signals: Signals
    limiter: RateLimiter
    events: EventHub
    last_use: LastUse
    signing_secret: bytes
    epoch: str
    """Tells entity tags and cursors of this database from those before it was restored."""
    public_url: str
    """The base of links to this server, without a trailing slash."""
    responses: ResponseCache = dataclasses.field(default_factory=ResponseCache)
    key_ids: KeyIds = dataclasses.field(default_factory=KeyIds)
    bodies: BodyBudget = dataclasses.field(default_factory=BodyBudget)
    wrong_keys: LocalRateLimiter = dataclasses.field(default_factory=LocalRateLimiter)
    """By client address; each process counts for itself, so that it costs next to nothing."""
    passwords: Passwords = dataclasses.field(default_factory=Passwords)
    look_up: LookUp = look_up

    @property
    def prefix(self) -> str:
        """The path under which the server is mounted, as the public URL says; "" for none."""
        return urlsplit(self.public_url).path.rstrip("/")

    @functools.cached_property
    def cursor_secret(self) -> bytes:
        """What cursors are signed with."""
        return self.signing_secret + self.epoch.encode()

    @functools.cached_property
    def provider(self) -> Provider:
        """The provider of OpenID Connect, and what it has told of itself."""
        return Provider(self.settings.oidc)

    @functools.cached_property
    def mail(self) -> Mailer:
        """Who sends e-mail."""
        return Mailer(self.settings.mail)
