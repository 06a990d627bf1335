"""Asks Windows where its common data is, who owns a file, and who may change it. Not tried on Windows itself.

`%ProgramData%` is not read, since a user may set it to another directory. Source: Microsoft's documentation of
SHGetKnownFolderPath, CreateFileW, GetSecurityInfo and of access control entries.
"""

from __future__ import annotations

import sys

if sys.platform == "win32":
    import ctypes
    import errno
    import os
    import stat
    from collections.abc import Iterator
    from contextlib import contextmanager
    from ctypes import wintypes
    from uuid import UUID

    PROGRAM_DATA = UUID("62AB5D82-FDC1-4DC3-A9DD-070D1D495D97")
    USUAL = "C:\\ProgramData"

    FILE_OBJECT, OWNER, DACL = 1, 0x1, 0x4
    READ_CONTROL, READ_ATTRIBUTES, GENERIC_READ = 0x20000, 0x80, 0x80000000
    SHARE_READ, SHARE_WRITE, OPEN_EXISTING = 1, 2, 3  # without sharing deletion, nobody renames what is open
    NO_FOLLOW = 0x02000000 | 0x00200000  # directories too, and links themselves
    INVALID = wintypes.HANDLE(-1).value
    LINK = 0x400  # in the attributes of a file: a link or a junction
    ALLOWED, DENIED, INHERIT_ONLY = 0, 1, 0x8  # of an access control entry
    REPLACE = 0x10000 | 0x40000 | 0x80000 | 0x10000000  # delete, change access, change owner; all
    CHANGE_DIRECTORY = REPLACE | 0x40  # delete what is in it; users may add to ProgramData
    CHANGE_FILE = REPLACE | 0x2 | 0x4 | 0x10 | 0x100 | 0x40000000  # write, append, attributes; all writing

    class Entry(ctypes.Structure):
        """An access control entry; its SID follows the mask."""

        _fields_ = (
            ("type", ctypes.c_ubyte),
            ("flags", ctypes.c_ubyte),
            ("size", ctypes.c_ushort),
            ("mask", wintypes.DWORD),
        )

    class List(ctypes.Structure):
        """The head of an access control list."""

        _fields_ = (
            ("revision", ctypes.c_ubyte),
            ("padding", ctypes.c_ubyte),
            ("size", ctypes.c_ushort),
            ("count", ctypes.c_ushort),
            ("more_padding", ctypes.c_ushort),
        )

    def program_data() -> str:
        """The directory for data of all users, as the system itself knows it."""
        shell, ole = ctypes.WinDLL("shell32"), ctypes.WinDLL("ole32")
        shell.SHGetKnownFolderPath.argtypes = (ctypes.c_char_p, wintypes.DWORD, wintypes.HANDLE, ctypes.c_void_p)
        ole.CoTaskMemFree.argtypes = (ctypes.c_void_p,)
        found = ctypes.c_wchar_p()
        status = shell.SHGetKnownFolderPath(PROGRAM_DATA.bytes_le, 0, None, ctypes.byref(found))
        path = found.value
        ole.CoTaskMemFree(ctypes.cast(found, ctypes.c_void_p))
        return path if status == 0 and path else USUAL

    @contextmanager
    def held(place: str, *, is_file: bool) -> Iterator[tuple[str, set[str]]]:
        """Hold a directory or a file, so that nobody replaces it meanwhile, and in a file nobody writes.

        Yields the SIDs of its owner and of those who may change it. Raises: OSError, also for a link.
        """
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.CreateFileW.restype = wintypes.HANDLE
        kernel.CreateFileW.argtypes = (
            *(wintypes.LPCWSTR, wintypes.DWORD, wintypes.DWORD, ctypes.c_void_p, wintypes.DWORD, wintypes.DWORD),
            wintypes.HANDLE,
        )
        kernel.CloseHandle.argtypes = (wintypes.HANDLE,)
        access = READ_CONTROL | (GENERIC_READ if is_file else READ_ATTRIBUTES)
        share = SHARE_READ | (0 if is_file else SHARE_WRITE)
        handle = kernel.CreateFileW(place, access, share, None, OPEN_EXISTING, NO_FOLLOW, None)
        if handle == INVALID:
            raise ctypes.WinError(ctypes.get_last_error())
        try:
            found = os.lstat(place)
            if found.st_file_attributes & LINK or stat.S_ISREG(found.st_mode) != is_file:
                raise OSError(errno.ELOOP, os.strerror(errno.ELOOP))
            yield _owner_and_changers(handle, is_file=is_file)
        finally:
            kernel.CloseHandle(handle)

    def _owner_and_changers(handle: int, *, is_file: bool) -> tuple[str, set[str]]:
        """Raises: OSError."""
        security = ctypes.WinDLL("advapi32")
        security.GetSecurityInfo.argtypes = (
            *(wintypes.HANDLE, ctypes.c_int, wintypes.DWORD, ctypes.c_void_p, ctypes.c_void_p),
            *(ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p),
        )
        owner, dacl, descriptor = ctypes.c_void_p(), ctypes.c_void_p(), ctypes.c_void_p()
        found = (ctypes.byref(owner), None, ctypes.byref(dacl), None, ctypes.byref(descriptor))
        status = security.GetSecurityInfo(handle, FILE_OBJECT, OWNER | DACL, *found)
        if status:
            raise ctypes.WinError(status)
        try:
            if not dacl.value or not owner.value:  # without a list, everybody may do everything
                return "nobody", {"everybody"}
            changes = CHANGE_FILE if is_file else CHANGE_DIRECTORY
            return _sid(owner.value), {one for one, mask in _entries(dacl.value) if mask & changes}
        finally:
            _free(descriptor)

    def _entries(dacl: int) -> Iterator[tuple[str, int]]:
        """Who is allowed what; an entry of another kind counts as everything for everybody."""
        place = dacl + ctypes.sizeof(List)
        for _ in range(List.from_address(dacl).count):
            entry = Entry.from_address(place)
            if entry.type == ALLOWED and not entry.flags & INHERIT_ONLY:
                yield _sid(place + ctypes.sizeof(Entry)), entry.mask
            elif entry.type not in (ALLOWED, DENIED):
                yield f"an entry of type {entry.type}", REPLACE
            place += entry.size

    def _sid(place: int) -> str:
        security = ctypes.WinDLL("advapi32")
        security.ConvertSidToStringSidW.argtypes = (ctypes.c_void_p, ctypes.c_void_p)
        text = ctypes.c_wchar_p()
        if not security.ConvertSidToStringSidW(place, ctypes.byref(text)):
            return "unknown"
        sid = text.value or "unknown"
        _free(ctypes.cast(text, ctypes.c_void_p))
        return sid

    def _free(memory: ctypes.c_void_p) -> None:
        kernel = ctypes.WinDLL("kernel32")
        kernel.LocalFree.argtypes = (ctypes.c_void_p,)
        kernel.LocalFree(memory)
