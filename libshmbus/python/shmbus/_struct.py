"""Structs that are the same in C++, C and Python."""

from __future__ import annotations

import ctypes
import functools
import math
import re
import sys
from typing import Annotated, Any, ClassVar, Protocol, get_args, get_type_hints

from . import _shmbus
from ._error import Error

_PADDING = "_padding_"  # begins the names of fields that are none


class Field:
    """How a field of a Struct lies in memory: the name of its type in C++, and a type of ctypes."""

    def __init__(self, cpp: str, ctype: Any, nested: _shmbus.Type | None = None) -> None:
        self.cpp = cpp
        self.ctype = ctype
        self.nested = nested


bool_ = Annotated[bool, Field("bool", ctypes.c_bool)]
i8 = Annotated[int, Field("signed char", ctypes.c_int8)]
u8 = Annotated[int, Field("unsigned char", ctypes.c_uint8)]
i16 = Annotated[int, Field("short", ctypes.c_int16)]
u16 = Annotated[int, Field("unsigned short", ctypes.c_uint16)]
i32 = Annotated[int, Field("int", ctypes.c_int32)]
u32 = Annotated[int, Field("unsigned int", ctypes.c_uint32)]
i64 = Annotated[int, Field("long", ctypes.c_int64)]
u64 = Annotated[int, Field("unsigned long", ctypes.c_uint64)]
f32 = Annotated[float, Field("float", ctypes.c_float)]
f64 = Annotated[float, Field("double", ctypes.c_double)]


def _field(annotation: Any, where: str) -> Field:
    if isinstance(annotation, Field):
        return annotation
    if isinstance(annotation, type) and issubclass(annotation, Struct):
        return Field(annotation.__shmbus_type__.name, annotation, annotation.__shmbus_type__)
    for argument in get_args(annotation)[1:]:
        if isinstance(argument, Field):
            return argument
    raise TypeError(f"{where}: expected shmbus.u64 or another number, a Struct, or Annotated with shmbus.array, "
                    f"found {annotation!r}")


def array(of: Any, count: int) -> Field:
    """`T name[count]` of C++: `Annotated[shmbus.Sequence, shmbus.array(shmbus.f32, 3)]`."""
    field = _field(of, "array")
    return Field(f"{field.cpp}[{count}]", field.ctype * count, field.nested)


def std_array(of: Any, count: int) -> Field:
    """`std::array<T, count>` of C++."""
    field = _field(of, "std_array")
    return Field(f"std::array<{field.cpp}, (unsigned long){count}>", field.ctype * count, field.nested)


def chars(count: int) -> Field:
    """`char name[count]` of C++, as bytes up to the first zero: `Annotated[bytes, shmbus.chars(16)]`."""
    return Field(f"char[{count}]", ctypes.c_char * count)


class Sequence(Protocol):
    """The elements of a field that is an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: Any) -> Any: ...

    def __setitem__(self, index: Any, value: Any) -> None: ...


def _limits_of(ctype: Any) -> tuple[float, float] | None:
    """The lowest and the highest value of a number; None for other types, and for those that take any number."""
    if ctype is ctypes.c_float:
        most = (2 - 2**-23) * 2.0**127
        return -most, most
    if not isinstance(ctype(), ctypes._SimpleCData) or not isinstance(ctype().value, int) or ctype is ctypes.c_bool:
        return None
    bits = 8 * ctypes.sizeof(ctype)
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if ctype(-1).value < 0 else (0, (1 << bits) - 1)


class _Meta(type(ctypes.Structure)):
    def __new__(
        mcs,
        class_name: str,
        bases: tuple[type, ...],
        namespace: dict[str, Any],
        name: str | None = None,
        fields: bool = True,
    ) -> Any:
        if "__annotations__" in namespace and bases and bases[0] is not ctypes.Structure:
            for base in bases:
                if getattr(base, "_fields_", None):
                    raise TypeError(f"{class_name}: a Struct with fields can't be extended; give it a field of that type")
            probe = type(class_name, (), {"__annotations__": namespace["__annotations__"], "__module__": namespace["__module__"]})
            frame = sys._getframe(1)
            hints = get_type_hints(probe, frame.f_globals, {**frame.f_locals}, include_extras=True)
            chosen = {key: _field(hint, f"{class_name}.{key}") for key, hint in hints.items() if key != "__shmbus_type__"}
            namespace["_fields_"] = [(key, field.ctype) for key, field in chosen.items()]
            cls = super().__new__(mcs, class_name, bases, namespace)
            described = [
                (key, field.cpp, getattr(cls, key).offset, getattr(cls, key).size, field.nested) for key, field in chosen.items()
            ]
            # Without `fields` the type has a name, a size and an alignment alone, as one of C++ without SHMBUS_FIELDS.
            cls.__shmbus_type__ = _shmbus.Type(
                name or class_name, ctypes.sizeof(cls), ctypes.alignment(cls), described if fields else []
            )
            return cls
        return super().__new__(mcs, class_name, bases, namespace)

    def __init__(cls, class_name: str, bases: tuple[type, ...], namespace: dict[str, Any], **_: Any) -> None:
        super().__init__(class_name, bases, namespace)
        cls._limits = {key: limits for key, ctype in getattr(cls, "_fields_", ()) if (limits := _limits_of(ctype))}


_set = ctypes.Structure.__setattr__


class Struct(ctypes.Structure, metaclass=_Meta):
    """A struct whose fields are annotations. It is the C++ type of that name where size, alignment and fields agree:

        class WatchStarted(shmbus.Struct, name="streaming.WatchStarted"):
            user_id: shmbus.u64
            video_id: shmbus.u64

    `fields=False` stands for a type of C++ without SHMBUS_FIELDS: name, size and alignment alone are compared. `bytes(value)`
    is what is published; `WatchStarted.from_buffer_copy(bytes)` is the way back. NumPy takes the class as a dtype. A number that
    does not fit into its field raises OverflowError; as an element of an array it is cut to the element's bits, as ctypes does.
    """

    __shmbus_type__: ClassVar[_shmbus.Type]
    _limits: ClassVar[dict[str, tuple[float, float]]]  # of the fields that are numbers

    @classmethod
    def _names(cls) -> list[str]:
        return [field[0] for field in getattr(cls, "_fields_", ()) if not field[0].startswith(_PADDING)]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = self._names()
        for key in kwargs:
            if key not in names:
                raise TypeError(f"{type(self).__name__}: there is no field '{key}'")
        super().__init__(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        limits = self._limits.get(name)
        try:
            if limits and not limits[0] <= value <= limits[1] and abs(value) != math.inf:
                raise OverflowError(f"{type(self).__name__}.{name}: expected {limits[0]} to {limits[1]}, found {value}")
            _set(self, name, value)
        except (TypeError, ValueError) as error:
            raise type(error)(f"{type(self).__name__}.{name}: {error}") from None

    def __repr__(self) -> str:
        values = ", ".join(f"{name}={_plain(getattr(self, name))!r}" for name in self._names())
        return f"{type(self).__name__}({values})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and bytes(self) == bytes(other)

    __hash__ = None

    def as_dict(self) -> dict[str, Any]:
        """Returns the fields by name: structs as dicts, arrays as lists, and characters as bytes."""
        return {name: _plain(getattr(self, name), dicts=True) for name in self._names()}


def _plain(value: Any, dicts: bool = False) -> Any:
    if isinstance(value, Struct):
        return value.as_dict() if dicts else value
    if isinstance(value, ctypes.Array):
        return bytes(value) if value._type_ is ctypes.c_ubyte and not dicts else [_plain(item, dicts) for item in value]
    return value


_SCALARS = {
    "bool": ctypes.c_bool,
    "char": ctypes.c_char,
    "signed char": ctypes.c_int8,
    "unsigned char": ctypes.c_uint8,
    "std::byte": ctypes.c_uint8,
    "short": ctypes.c_int16,
    "unsigned short": ctypes.c_uint16,
    "int": ctypes.c_int32,
    "unsigned int": ctypes.c_uint32,
    "long": ctypes.c_int64,
    "unsigned long": ctypes.c_uint64,
    "long long": ctypes.c_int64,
    "unsigned long long": ctypes.c_uint64,
    "float": ctypes.c_float,
    "double": ctypes.c_double,
}
_FIELD = re.compile(r"([^:;@]+):(.+)@([0-9]{1,9})\+([0-9]{1,9})")
_ARRAY = re.compile(r"std::array<(.+), (?:\(unsigned long\))?([0-9]{1,9})(?:ul)?>|([^\[\]]+)\[([0-9]{1,9})\]")


def _ctype_of(cpp: str, size: int) -> Any:
    """What a field of a recorded type is for ctypes: bytes where its type is not known."""
    array = _ARRAY.fullmatch(cpp)
    of, count = (array[1] or array[3], int(array[2] or array[4])) if array else (cpp, 1)
    scalar = _SCALARS.get(of)
    if scalar is None or ctypes.sizeof(scalar) * count != size:
        return ctypes.c_ubyte * size
    return scalar * count if array else scalar


@functools.lru_cache(maxsize=1024)
def _recorded_struct(name: str, size: int, alignment: int, layout: int, fields: str) -> Any:
    """None where the text does not describe fields that lie in the type, one behind the other."""
    chosen: list[tuple[str, Any]] = []
    end = 0
    for text in fields.split(";")[:-1]:  # behind the last one: nothing, or `...` where there was no room for all
        field = _FIELD.fullmatch(text)
        if field is None or field[1].startswith(_PADDING):
            return None
        offset, length = int(field[3]), int(field[4])
        if offset < end or offset + length > size:
            return None
        if offset > end:
            chosen.append((f"{_PADDING}{end}", ctypes.c_ubyte * (offset - end)))
        chosen.append((field[1], _ctype_of(field[2], length)))
        end = offset + length
    if not chosen or len({key for key, _ in chosen}) < len(chosen):
        return None
    if end < size:
        chosen.append((f"{_PADDING}{end}", ctypes.c_ubyte * (size - end)))
    members = {"_pack_": 1, "_fields_": chosen, "__doc__": f"'{name}', as a topic records it."}
    made = _Meta(re.split(r"[.:]", name)[-1], (Struct,), members)
    made.__shmbus_type__ = _shmbus.Type.recorded(name, size, alignment, layout, fields)
    return made


def struct_of(recorded: _shmbus.Type, topic: str) -> Any:
    """Returns a type that a topic records as a Struct. Raises Error, `type_mismatch`, where there is none."""
    made = None
    if recorded.name:
        made = _recorded_struct(recorded.name, recorded.size, recorded.alignment, recorded.layout, recorded.fields)
    if made is None:
        found = f"type '{recorded.name}' without fields that can be read" if recorded.name else "no type"
        raise Error("type_mismatch", f"topic '{topic}'", "a recorded type with its fields", found,
                    "declare it as a shmbus.Struct, or read the payload")
    return made
