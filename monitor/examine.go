// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/vmrr/vmrr/cpu/disasm"
)

// Examiner is a Session whose memory can be read.
type Examiner interface {
	ReadMemory(linear uint64, p []byte) (int, error)
	ReadPhysical(pa uint64, p []byte) (int, error)
	CodeBits() int // 16, 32 or 64: what the CPU runs now
	PC() uint64
}

// dumpFormat is what stands behind the slash in x/FMT.
type dumpFormat struct {
	count  int
	letter byte // x, d, u, o, c or i
	size   int  // of a unit in bytes
}

// maxExamine bounds what one command prints, in units.
const maxExamine = 4096

// parseFormat reads FMT: a count, a letter for the format and one for the unit, all
// optional. What is left out is as it was the last time, but the count, which is 1.
func parseFormat(s string, last dumpFormat) (dumpFormat, error) {
	f := dumpFormat{1, last.letter, last.size}
	if f.letter == 0 {
		f.letter, f.size = 'x', 4
	}
	letters := strings.TrimLeft(s, "0123456789")
	if digits := s[:len(s)-len(letters)]; digits != "" {
		n, err := strconv.Atoi(digits)
		if err != nil || n < 1 || n > maxExamine {
			return f, userErrorf("invalid count in format: want 1 to %d", maxExamine)
		}
		f.count = n
	}
	for _, l := range letters {
		switch l {
		case 'x', 'd', 'u', 'o', 'c', 'i':
			f.letter = byte(l)
		case 'b', 'h', 'w', 'g':
			f.size = map[rune]int{'b': 1, 'h': 2, 'w': 4, 'g': 8}[l]
		default:
			return f, userErrorf("invalid char in format: '%c'", l)
		}
	}
	return f, nil
}

// formatAndExpression takes the arguments of x, xp and print apart.
func (c *call) formatAndExpression(last dumpFormat) (f dumpFormat, value uint64, err error) {
	words, format := c.args, ""
	if strings.HasPrefix(words[0], "/") {
		format, words = words[0][1:], words[1:]
	}
	if f, err = parseFormat(format, last); err != nil {
		return f, 0, err
	}
	value, err = c.evaluate(strings.Join(words, " "))
	return f, value, err
}

// errNoMemory says that a session shows nothing of its machine.
var errNoMemory = errors.New("the memory cannot be read here")

// examine is x/FMT and xp/FMT: memory at a linear or a physical address.
func (c *call) examine() error {
	e, ok := c.Session.(Examiner)
	if !ok {
		return errNoMemory
	}
	f, at, err := c.formatAndExpression(c.format)
	if err != nil {
		return err
	}
	c.format = f
	read := e.ReadMemory
	if c.name == "xp" {
		read = e.ReadPhysical
	}
	if f.letter == 'i' {
		return c.instructions(read, at, f.count, disasm.Mode(e.CodeBits()))
	}
	return c.dump(read, at, f)
}

// codeBytes is how many bytes of an instruction go into one line.
const codeBytes = 8

func (c *call) instructions(read func(uint64, []byte) (int, error), at uint64, count int, mode disasm.Mode) error {
	code := make([]byte, count*disasm.MaxLength)
	n, _ := read(at, code)
	list, err := disasm.X86(mode, code[:n], at, count)
	if err != nil {
		return err
	}
	next := at
	for _, i := range list {
		bytes := code[i.PC-at:][:i.Length]
		mnemonic, operands, _ := strings.Cut(i.Text, " ")
		head := bytes[:min(len(bytes), codeBytes)]
		line := fmt.Sprintf("0x%08x:  %-*s %-8s %s", i.PC, 3*codeBytes, fmt.Sprintf("% x", head), mnemonic, operands)
		c.printf("%s\n", strings.TrimRight(line, " "))
		if rest := bytes[len(head):]; len(rest) > 0 {
			c.printf("0x%08x:  % x\n", i.PC+codeBytes, rest)
		}
		next = i.PC + uint64(i.Length)
	}
	if len(list) < count {
		c.printf("0x%08x: unable to read memory\n", next)
	}
	return nil
}

// dump prints units of memory, as many in a line as QEMU.
func (c *call) dump(read func(uint64, []byte) (int, error), at uint64, f dumpFormat) error {
	if f.letter == 'c' {
		f.size = 1
	}
	line := 16
	if f.size == 1 {
		line = 8
	}
	for left := f.count * f.size; left > 0; left -= line {
		b := make([]byte, min(line, left))
		c.printf("%016x:", at)
		if n, _ := read(at, b); n < len(b) {
			c.printf(" Cannot access memory\n")
			return nil
		}
		for i := 0; i < len(b); i += f.size {
			var wide [8]byte
			copy(wide[:], b[i:i+f.size])
			c.printf(" %s", f.unit(binary.LittleEndian.Uint64(wide[:])))
		}
		c.printf("\n")
		at += uint64(len(b))
	}
	return nil
}

// unit writes one unit. QEMU does not extend the sign of a narrow one.
func (f dumpFormat) unit(v uint64) string {
	bits := 8 * f.size
	switch f.letter {
	case 'o':
		return fmt.Sprintf("0%*o", (bits+2)/3, v)
	case 'u':
		return fmt.Sprintf("%*d", (bits*10+32)/33, v)
	case 'd':
		return fmt.Sprintf("%*d", (bits*10+32)/33, int64(v))
	case 'c':
		return character(byte(v))
	}
	return fmt.Sprintf("0x%0*x", bits/4, v)
}

// character writes a byte as in C.
func character(b byte) string {
	switch b {
	case '\'', '\\':
		return fmt.Sprintf(`'\%c'`, b)
	case '\n':
		return `'\n'`
	case '\r':
		return `'\r'`
	}
	if b >= ' ' && b <= '~' {
		return fmt.Sprintf("'%c'", b)
	}
	return fmt.Sprintf(`'\x%02x'`, b)
}

// print is print/FMT: the value of an expression.
func (c *call) print() error {
	f, v, err := c.formatAndExpression(dumpFormat{})
	if err != nil {
		return err
	}
	switch f.letter {
	case 'o':
		c.printf("%#o\n", v)
	case 'u':
		c.printf("%d\n", v)
	case 'd':
		c.printf("%d\n", int64(v))
	case 'c':
		c.printf("%s\n", character(byte(v)))
	default:
		c.printf("%#x\n", v)
	}
	return nil
}

// translate is gva2gpa.
func (c *call) translate() error {
	at, err := c.evaluate(strings.Join(c.args, " "))
	if err != nil {
		return err
	}
	if pa, ok := c.Session.Machine().Engine.Translate(at); ok {
		c.printf("gpa: %#x\n", pa)
	} else {
		c.printf("Unmapped\n")
	}
	return nil
}
