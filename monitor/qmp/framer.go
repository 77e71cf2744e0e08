// SPDX-License-Identifier: GPL-2.0-or-later

package qmp

import (
	"bufio"
	"errors"
	"fmt"
	"strings"
)

const (
	// maxMessage bounds what a client sends at once, in bytes.
	maxMessage = 1 << 20
	// maxNesting bounds objects and arrays in one another, as QEMU does.
	maxNesting = 1024
)

// errTooLong ends a connection: nobody can say where the next message begins.
var errTooLong = errors.New("JSON token size limit exceeded")

// syntaxError is input that is no JSON. The framer is ready for the next message.
type syntaxError struct{ what string }

func (e *syntaxError) Error() string { return "JSON parse error, " + e.what }

// framer cuts a stream into JSON values without waiting for anything behind their
// last byte. Like QEMU's parser it takes strings in single quotes too, and begins
// anew after a byte that cannot be in JSON; such a byte, 0xFF by custom, is how a
// client gets rid of an unfinished message.
type framer struct {
	in               *bufio.Reader
	message          []byte
	braces, brackets int  // open ones; closed ones count down
	quote            byte // that ends the present string; 0 outside of one
	escaped          bool // behind a backslash
}

// next returns the next value, which may still be no JSON. An error that is not a
// *syntaxError is the last one.
func (f *framer) next() ([]byte, error) {
	f.reset()
	for {
		b, err := f.in.ReadByte()
		if err != nil {
			return nil, err
		}
		if len(f.message) >= maxMessage {
			return nil, errTooLong
		}
		if f.quote != 0 {
			err = f.inString(b)
		} else {
			err = f.outside(b)
		}
		switch {
		case err != nil:
			return nil, err
		case f.complete(b):
			return f.message, nil
		}
	}
}

func (f *framer) reset() {
	f.message, f.braces, f.brackets, f.quote, f.escaped = nil, 0, 0, 0, false
}

// inString takes a byte within a string.
func (f *framer) inString(b byte) error {
	switch {
	case b < ' ' || b == 0xc0 || b == 0xc1 || b > 0xf4:
		return stray(b)
	case f.escaped:
		f.escaped = false
		if b == '\'' { // JSON does not know this one
			f.add(b)
		} else {
			f.add('\\', b)
		}
	case b == '\\':
		f.escaped = true
	case b == f.quote:
		f.quote = 0
		f.add('"')
	case b == '"': // in single quotes
		f.add('\\', b)
	default:
		f.add(b)
	}
	return nil
}

// outside takes a byte that is not within a string.
func (f *framer) outside(b byte) error {
	structural := strings.IndexByte("{}[],:\"'", b) >= 0
	switch {
	case structural && f.scalar():
		// A number or a keyword ends where this, the next message, begins.
		return f.in.UnreadByte()
	case b == '"' || b == '\'':
		f.quote = b
		f.add('"')
	case structural:
		f.braces += map[byte]int{'{': 1, '}': -1}[b]
		f.brackets += map[byte]int{'[': 1, ']': -1}[b]
		if f.braces+f.brackets > maxNesting {
			return &syntaxError{"the nesting depth limit is exceeded"}
		}
		f.add(b)
	case strings.IndexByte(" \t\r\n", b) >= 0:
		if len(f.message) > 0 {
			f.add(' ')
		}
	case word(b):
		f.add(b)
	default:
		return stray(b)
	}
	return nil
}

// word reports whether a byte can be in a number or a keyword.
func word(b byte) bool {
	return b >= '0' && b <= '9' || b|0x20 >= 'a' && b|0x20 <= 'z' || strings.IndexByte("+-._", b) >= 0
}

// scalar reports whether what there is so far is a number or a keyword by itself.
func (f *framer) scalar() bool {
	return f.braces == 0 && f.brackets == 0 && len(f.message) > 0
}

// complete reports whether the message is, b being the last byte read.
func (f *framer) complete(b byte) bool {
	if len(f.message) == 0 || f.quote != 0 {
		return false
	}
	if f.braces < 0 || f.brackets < 0 {
		return true
	}
	return f.braces == 0 && f.brackets == 0 && !word(b)
}

func (f *framer) add(b ...byte) { f.message = append(f.message, b...) }

func stray(b byte) error {
	if b > ' ' && b <= '~' {
		return &syntaxError{fmt.Sprintf("stray '%c'", b)}
	}
	return &syntaxError{fmt.Sprintf(`stray '\x%02x'`, b)}
}
