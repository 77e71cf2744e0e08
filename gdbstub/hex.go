// SPDX-License-Identifier: GPL-2.0-or-later

package gdbstub

import (
	"encoding/hex"
	"strings"
)

const hexDigits = "0123456789abcdef"

// unhex returns the value of one hex digit.
func unhex(c byte) (byte, bool) {
	switch {
	case c >= '0' && c <= '9':
		return c - '0', true
	case c >= 'a' && c <= 'f':
		return c - 'a' + 10, true
	case c >= 'A' && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// parseHex reads a whole string as a number. Unlike strconv it takes no sign,
// no underscore and no prefix, and leading zeros cannot make it too long.
func parseHex(s string) (uint64, bool) {
	if s == "" {
		return 0, false
	}
	var n uint64
	for i := range len(s) {
		d, ok := unhex(s[i])
		if !ok || n>>60 != 0 {
			return 0, false
		}
		n = n<<4 | uint64(d)
	}
	return n, true
}

// parsePair reads "A,B".
func parsePair(s string) (a, b uint64, ok bool) {
	left, right, found := strings.Cut(s, ",")
	a, ok1 := parseHex(left)
	b, ok2 := parseHex(right)
	return a, b, found && ok1 && ok2
}

// decodeHex reads bytes written as pairs of hex digits.
func decodeHex(s string) ([]byte, bool) {
	b, err := hex.DecodeString(s)
	return b, err == nil
}

func encodeHex(b []byte) string { return hex.EncodeToString(b) }
