// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"bytes"
	"fmt"
	"strings"
)

// searchChunk is how much memory is looked at before the client's interrupt is.
const searchChunk = 64 << 10

// search answers qSearch:memory:ADDR;LENGTH;PATTERN: "1,ADDR" for the first place
// of the pattern within the range, "0" for none. Memory that cannot be read
// within the range is an error, unless the pattern was found before it.
func (s *session) search(args string) string {
	args, found := strings.CutPrefix(args, ":memory:")
	if !found {
		return unsupported
	}
	fields := strings.SplitN(args, ";", 3)
	if len(fields) != 3 || fields[2] == "" {
		return errInvalid
	}
	addr, ok1 := parseHex(fields[0])
	length, ok2 := parseHex(fields[1])
	pattern := []byte(fields[2])
	if !ok1 || !ok2 {
		return errInvalid
	}
	length = min(length, toTop(addr))
	overlap := uint64(len(pattern) - 1)
	buf := make([]byte, searchChunk+overlap)
	for length > overlap {
		if s.ctx.Err() != nil {
			return errRefused
		}
		want := min(length, uint64(len(buf)))
		n, _ := s.read(addr, buf[:want])
		if i := bytes.Index(buf[:n], pattern); i >= 0 {
			return fmt.Sprintf("1,%x", addr+uint64(i))
		}
		if uint64(n) < want {
			return errFault
		}
		step := want - overlap
		addr, length = addr+step, length-step
	}
	return "0"
}
