// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"fmt"
	"strings"
)

// maxRead is how many bytes fit an answer in hex.
const maxRead = maxPacket / 2

// read reads virtual or physical memory, as the client has chosen.
func (s *session) read(addr uint64, p []byte) (int, error) {
	var (
		n   int
		err error
	)
	if s.physicalMode {
		n, err = s.physical.ReadPhysical(addr, p)
	} else {
		n, err = s.target.ReadMemory(addr, p)
	}
	return max(0, min(n, len(p))), err
}

// readMemory answers m ADDR,LENGTH. An answer shorter than asked for is allowed,
// so what can be read is delivered.
func (s *session) readMemory(args string) string {
	addr, length, ok := parsePair(args)
	if !ok {
		return errInvalid
	}
	p := make([]byte, min(length, maxRead, toTop(addr)))
	if len(p) == 0 {
		return ""
	}
	n, err := s.read(addr, p)
	if n == 0 {
		s.log.Debug("gdb read refused", "addr", addr, "length", len(p), "error", err)
		return errFault
	}
	return encodeHex(p[:n])
}

// toTop returns the number of bytes from addr to the top of the address space,
// as far as it matters.
func toTop(addr uint64) uint64 {
	if addr == 0 {
		return ^uint64(0)
	}
	return -addr
}

// writeMemoryHex answers M ADDR,LENGTH:DATA with the data in hex.
func (s *session) writeMemoryHex(args string) string {
	head, text, found := strings.Cut(args, ":")
	data, ok := decodeHex(text)
	if !found || !ok {
		return errInvalid
	}
	return s.writeMemory(head, data)
}

// writeMemoryBinary answers X ADDR,LENGTH:DATA. gdb sends one without data to
// find out whether the packet is known.
func (s *session) writeMemoryBinary(args string) string {
	head, data, found := strings.Cut(args, ":")
	if !found {
		return errInvalid
	}
	return s.writeMemory(head, []byte(data))
}

func (s *session) writeMemory(head string, data []byte) string {
	addr, length, ok := parsePair(head)
	if !ok || length != uint64(len(data)) || length > toTop(addr) {
		return errInvalid
	}
	if length == 0 {
		return "OK"
	}
	var err error
	if s.physicalMode {
		err = s.physical.WritePhysical(addr, data)
	} else {
		err = s.target.WriteMemory(addr, data)
	}
	if err != nil {
		// Whatever the answer says, gdb says that it cannot access the memory.
		s.log.Debug("gdb write refused", "addr", addr, "length", length, "error", err)
		s.untold = fmt.Sprintf("The write to 0x%x was refused: %v", addr, err)
		return errFault
	}
	return "OK"
}
