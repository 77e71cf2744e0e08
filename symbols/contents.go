// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"debug/elf"
	"fmt"
	"io"
	"strings"
)

// Contents is what an ELF file has of a program.
type Contents struct {
	Symbols bool // a symbol table or debug information, as a file that was stripped has not
	Loaded  bool // code or data, as a file of symbols has not
}

// ContentsOf reads the headers of an ELF file.
func ContentsOf(file io.ReaderAt) (c Contents, err error) {
	f, err := elf.NewFile(file)
	if err != nil {
		return c, fmt.Errorf("it is no ELF file: %w", err)
	}
	for _, s := range f.Sections {
		switch {
		case s.Size == 0 || s.Type == elf.SHT_NOBITS || s.Type == elf.SHT_NOTE:
		case s.Type == elf.SHT_SYMTAB, strings.HasPrefix(s.Name, ".debug_info"), strings.HasPrefix(s.Name, ".zdebug_info"):
			c.Symbols = true
		case s.Flags&elf.SHF_ALLOC != 0:
			c.Loaded = true
		}
	}
	return c, nil
}
