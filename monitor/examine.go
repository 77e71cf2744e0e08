// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"regexp"
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

// examineFormat is gdb's and QEMU's /FMT: a count, i or x, and for x a unit.
var examineFormat = regexp.MustCompile(`^(xp?)(?:/(\d*)([ix]?)([bhwg]?))?$`)

// maxExamine bounds what one command prints, in units.
const maxExamine = 4096

// examine is x/FMT and xp/FMT: memory at a linear or a physical address.
func (m *Monitor) examine(_ context.Context, words []string, out io.Writer) (bool, error) {
	f := examineFormat.FindStringSubmatch(words[0])
	e, ok := m.Session.(Examiner)
	if f == nil || len(words) != 2 || !ok {
		return false, fmt.Errorf("usage: x/FMT ADDR or xp/FMT ADDR; FMT is a count, i or x, and b, h, w or g; ADDR a number or $pc")
	}
	count := 1
	if f[2] != "" {
		n, err := strconv.Atoi(f[2])
		if err != nil || n < 1 || n > maxExamine {
			return false, fmt.Errorf("x/%s: want a count from 1 to %d", f[2], maxExamine)
		}
		count = n
	}
	at := e.PC()
	if words[1] != "$pc" {
		n, err := strconv.ParseUint(words[1], 0, 64)
		if err != nil {
			return false, fmt.Errorf("%q is no address: want a number or $pc", words[1])
		}
		at = n
	}
	read := e.ReadMemory
	if f[1] == "xp" {
		read = e.ReadPhysical
	}
	if f[3] == "i" {
		return false, instructions(out, read, at, count, disasm.Mode(e.CodeBits()))
	}
	return false, hexadecimal(out, read, at, count, map[string]int{"b": 1, "h": 2, "w": 4, "g": 8, "": 4}[f[4]])
}

func instructions(out io.Writer, read func(uint64, []byte) (int, error), at uint64, count int, mode disasm.Mode) error {
	code := make([]byte, count*disasm.MaxLength)
	n, err := read(at, code)
	if n == 0 {
		return err
	}
	list, err := disasm.X86(mode, code[:n], at, count)
	for _, i := range list {
		fmt.Fprintf(out, "0x%016x:  %-24s %s\n", i.PC, fmt.Sprintf("% x", code[i.PC-at:][:i.Length]), i.Text)
	}
	return err
}

func hexadecimal(out io.Writer, read func(uint64, []byte) (int, error), at uint64, count, unit int) error {
	b := make([]byte, count*unit)
	n, err := read(at, b)
	for i := 0; i+unit <= n; i += unit {
		if i%16 == 0 {
			fmt.Fprintf(out, "%s%016x:", strings.Repeat("\n", min(i, 1)), at+uint64(i))
		}
		var wide [8]byte
		copy(wide[:], b[i:i+unit])
		fmt.Fprintf(out, " 0x%0*x", 2*unit, binary.LittleEndian.Uint64(wide[:]))
	}
	if n >= unit {
		fmt.Fprintln(out)
	}
	return err
}
