"""Structs that are the same in C++, C and Python."""

from typing import Annotated, Any, ClassVar, Optional, Protocol, TypeVar

from . import _shmbus

S = TypeVar("S", bound=Struct)

class Field:
    """How a field of a Struct lies in memory: the name of its type in C++, and a type of ctypes."""

    cpp: str
    ctype: Any
    nested: Optional[_shmbus.Type]
    def __init__(self, cpp: str, ctype: Any, nested: Optional[_shmbus.Type] = None) -> None: ...

bool_ = Annotated[bool, "bool"]
i8 = Annotated[int, "signed char"]
u8 = Annotated[int, "unsigned char"]
i16 = Annotated[int, "short"]
u16 = Annotated[int, "unsigned short"]
i32 = Annotated[int, "int"]
u32 = Annotated[int, "unsigned int"]
i64 = Annotated[int, "long"]
u64 = Annotated[int, "unsigned long"]
f32 = Annotated[float, "float"]
f64 = Annotated[float, "double"]

def array(of: Any, count: int) -> Field:
    """`T name[count]` of C++: `Annotated[shmbus.Sequence, shmbus.array(shmbus.f32, 3)]`."""

def std_array(of: Any, count: int) -> Field:
    """`std::array<T, count>` of C++."""

def chars(count: int) -> Field:
    """`char name[count]` of C++, as bytes up to the first zero: `Annotated[bytes, shmbus.chars(16)]`."""

class Sequence(Protocol):
    """The elements of a field that is an array."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: Any) -> Any: ...
    def __setitem__(self, index: Any, value: Any) -> None: ...

class Struct:
    """A struct whose fields are annotations: the C++ type of that name, where size, alignment and fields agree."""

    __shmbus_type__: ClassVar[_shmbus.Type]
    def __init_subclass__(cls, *, name: Optional[str] = None, fields: bool = True) -> None: ...
    def __init__(self, *args: Any, **kwargs: Any) -> None: ...
    def as_dict(self) -> dict[str, Any]:
        """Returns the fields by name: structs as dicts, arrays as lists, and characters as bytes."""
    def __bytes__(self) -> bytes: ...
    @classmethod
    def from_buffer_copy(cls: type[S], source: Any, offset: int = 0) -> S:
        """Returns a value whose bytes are those of a buffer."""

def struct_of(recorded: _shmbus.Type, topic: str) -> type[Struct]:
    """Returns a type that a topic records as a Struct. Raises Error, `type_mismatch`, where there is none."""
