#pragma once

/// The version of the layout of shared memory that these headers were written for: their inlined paths read and write it.
#define SHMBUS_LAYOUT_VERSION 3

/// Marks the functions that no program can do without. Their symbols bear the layout version, so a program that was compiled
/// with the headers of another version does not link with this library, instead of breaking the memory of others. An inline
/// namespace would do the same; but then no program could declare `namespace shmbus { class Bus; }` by itself, and the
/// messages of compilers would name it everywhere.
#define SHMBUS_LAYOUT_TAG SHMBUS_LAYOUT_TAG_OF(SHMBUS_LAYOUT_VERSION)
#define SHMBUS_LAYOUT_TAG_OF(version) SHMBUS_LAYOUT_TAG_NAMED(version)  // first the number is put in for its name
#define SHMBUS_LAYOUT_TAG_NAMED(version) [[gnu::abi_tag("layout" #version)]]
