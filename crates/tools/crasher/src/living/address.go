package main

import "unsafe"

func address(bytes *[8192]byte) uint64 { return uint64(uintptr(unsafe.Pointer(bytes))) }
