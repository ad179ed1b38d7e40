"""TrustFactor: codes that devices are registered with, contracts, transactions, providers."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Final, Literal

from engine.model.names import InstanceId
from engine.model.value import Value
from engine.records.record import Ending, Record
from engine.records.webhooks import SealedSecret
from engine.secret import digest

CodeStatus = Literal[
    "CREATED", "SCANNED", "CONFIRMED", "REGISTERED", "REJECTED", "SCANNED_TWICE", "CANCELLED"
]
ContractStatus = Literal["ACTIVE", "RESET"]
TransactionStatus = Literal["PENDING", "ACCEPTED", "DECLINED", "EXPIRED", "CANCELLED"]


EMBEDDED: Final = "embedded"
"""The provider that is this very program."""


def remote_key(provider: str, id: str) -> str:
    """Name what a provider knows by an id."""
    return f"{provider}\x1f{id}"


def owner_of(client: str, user_id: str) -> str:
    """Name a user of an application: a hash of both."""
    return digest(f"{client}\n{user_id}")


def _seat(owner: str, seat: int | None, *, is_held: bool) -> str | None:
    return None if seat is None or not is_held else f"{owner}.{seat}"


class DeviceInfo(Value, frozen=True, kw_only=True):
    """A device as its agent tells of it: nothing here is proven."""

    name: str
    manufacturer: str
    device_model: str
    operating_system: str
    os_version: str
    marketing_name: str | None = None

    @property
    def known_as(self) -> str:
        """What its owner calls it."""
        return self.marketing_name or self.name


class Remote(Value, frozen=True, kw_only=True):
    """The same at another TrustFactor: its id there, and the link that devices open."""

    id: str
    link: str


class Confirmation(Value, frozen=True, kw_only=True):
    """What an agent has confirmed a code with; its signatures were verified.

    Attributes:
        contract_key, device_key: Public keys, Ed25519, 32 bytes in base64.
        address: Where it came from, as far as we may believe it.
        location: What the agent says of where it is, as it says it.
    """

    contract_key: str
    device_key: str
    device: DeviceInfo
    address: str
    location: str | None = None
    at: datetime


class RegistrationCode(Ending, frozen=True, kw_only=True):
    """A code that one device may be registered with, once; `id` is its unique id.

    The code itself is kept nowhere: it is derived of the id.

    Attributes:
        client: Id of the application that has asked for it.
        user_id, user_name: The application's, of its user.
        application: Its name as people know it.
        ends_at: From when on it is good for nothing; the row is kept longer.
        owner: Hash of client and user.
        device_key: Of the agent that has scanned it.
        instance: The journey that asked for it, where it was one.
        provider: Whose TrustFactor it is.
        remote: What it is there, once it was asked for.
    """

    TABLE: ClassVar[str] = "tf_codes"
    UNIQUE: ClassVar[tuple[str, ...]] = ("by_remote",)
    LISTED: ClassVar[tuple[str, ...]] = ("owner",)

    client: str
    application: str
    user_id: str
    owner: str
    user_name: str
    status: CodeStatus = "CREATED"
    created_at: datetime
    ends_at: datetime
    device_key: str | None = None
    confirmation: Confirmation | None = None
    instance: InstanceId | None = None
    provider: str = EMBEDDED
    remote: Remote | None = None

    @property
    def by_remote(self) -> str | None:
        """Unique among the codes of its provider."""
        return None if self.remote is None else remote_key(self.provider, self.remote.id)


class Contract(Record, frozen=True, kw_only=True):
    """That a device may answer for a user of an application.

    Attributes:
        owner: Hash of client and user.
        code: Unique id of the code it was registered with.
        seat: Which one of its user's devices it is, as long as it answers.
    """

    TABLE: ClassVar[str] = "tf_contracts"
    UNIQUE: ClassVar[tuple[str, ...]] = ("contract_key", "by_seat")
    LISTED: ClassVar[tuple[str, ...]] = ("owner",)

    client: str
    application: str
    user_id: str
    owner: str
    code: str
    contract_key: str
    device_key: str
    device: DeviceInfo
    address: str
    location: str | None = None
    status: ContractStatus = "ACTIVE"
    created_at: datetime
    provider: str = EMBEDDED
    seat: int | None = None

    @property
    def by_seat(self) -> str | None:
        """Unique among its user's devices: the store lets no two have one seat."""
        return _seat(self.owner, self.seat, is_held=self.status == "ACTIVE")


class Transaction(Ending, frozen=True, kw_only=True):
    """What a user is asked to accept or decline on one of their devices.

    Attributes:
        owner: Hash of client and user.
        contracts: Contract keys that may answer; the newest first.
        sealed: What is shown: action, message and parameters.
        ends_at: From when on nobody may answer; the row is kept longer.
        decided_by: Contract key.
        signature: By that key, over what was shown and the decision, in base64.
        provider, remote: As of a code.
        seat: Which one of those it is that wait for its user, as long as it does.
    """

    TABLE: ClassVar[str] = "tf_transactions"
    UNIQUE: ClassVar[tuple[str, ...]] = ("by_remote", "by_seat")
    LISTED: ClassVar[tuple[str, ...]] = ("owner",)

    client: str
    application: str
    user_id: str
    owner: str
    contracts: tuple[str, ...]
    sealed: str
    status: TransactionStatus = "PENDING"
    created_at: datetime
    ends_at: datetime
    decided_at: datetime | None = None
    decided_by: str | None = None
    signature: str | None = None
    instance: InstanceId | None = None
    provider: str = EMBEDDED
    remote: Remote | None = None
    seat: int | None = None

    @property
    def by_remote(self) -> str | None:
        """Unique among the transactions of its provider."""
        return None if self.remote is None else remote_key(self.provider, self.remote.id)

    @property
    def by_seat(self) -> str | None:
        """Unique among those that wait for its user: the store lets no two have one seat."""
        return _seat(self.owner, self.seat, is_held=self.status == "PENDING")


class WrongDeviceToken(Ending, frozen=True, kw_only=True):
    """By which a device is removed that is not its user's; `id` is the token's SHA-256 hex."""

    TABLE: ClassVar[str] = "tf_wrong_device"

    contract: str


class CallbackAddresses(Record, frozen=True, kw_only=True):
    """Where an application wants to be told of its registrations and transactions; `id`: its own.

    Attributes:
        secrets: What is told is signed with; the newest first.
    """

    TABLE: ClassVar[str] = "tf_callbacks"

    registration_url: str | None = None
    transaction_url: str | None = None
    secrets: tuple[SealedSecret, ...]


class Provider(Record, frozen=True, kw_only=True):
    """Another RTAS and TrustFactor that journeys may use; `id` is its name.

    Attributes:
        address: Scheme, host and port.
        client_id: As we log in there.
        sealed_secret: What we log in with.
        sealed_callback: What its callbacks to us are signed with.
    """

    TABLE: ClassVar[str] = "tf_providers"

    address: str
    client_id: str
    sealed_secret: str
    sealed_callback: str
    created_at: datetime
    created_by: str
