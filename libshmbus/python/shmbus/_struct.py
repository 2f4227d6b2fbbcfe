"""Structs that are the same in C++, C and Python."""

from __future__ import annotations

import ctypes
import sys
from typing import Annotated, Any, ClassVar, Protocol, get_args, get_type_hints

from . import _shmbus


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


class Struct(ctypes.Structure, metaclass=_Meta):
    """A struct whose fields are annotations. It is the C++ type of that name where size, alignment and fields agree:

        class WatchStarted(shmbus.Struct, name="streaming.WatchStarted"):
            user_id: shmbus.u64
            video_id: shmbus.u64

    `fields=False` stands for a type of C++ without SHMBUS_FIELDS: name, size and alignment alone are compared. `bytes(value)`
    is what is published; `WatchStarted.from_buffer_copy(bytes)` is the way back. NumPy takes the class as a dtype.
    """

    __shmbus_type__: ClassVar[_shmbus.Type]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        names = {field[0] for field in getattr(self, "_fields_", ())}
        for key in kwargs:
            if key not in names:
                raise TypeError(f"{type(self).__name__}: there is no field '{key}'")
        super().__init__(*args, **kwargs)

    def __repr__(self) -> str:
        values = ", ".join(f"{field[0]}={getattr(self, field[0])!r}" for field in getattr(self, "_fields_", ()))
        return f"{type(self).__name__}({values})"

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and bytes(self) == bytes(other)

    __hash__ = None
