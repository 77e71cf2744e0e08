// SPDX-License-Identifier: GPL-2.0-or-later

package x86

import (
	"encoding/xml"
	"io"
	"strings"
	"testing"
)

func TestNumbers(t *testing.T) {
	all := Description().All()
	if len(all) != NumRegisters {
		t.Fatalf("Description has %d registers; want %d", len(all), NumRegisters)
	}
	for i, r := range all {
		if r.ID != i {
			t.Errorf("register %q at position %d has ID %d; want the position", r.Name, i, r.ID)
		}
		if r.Bits%8 != 0 || r.Bits == 0 {
			t.Errorf("register %q has %d bits; want whole bytes", r.Name, r.Bits)
		}
	}
}

func TestNames(t *testing.T) {
	want := map[string]int{"rax": RAX, "rsp": RSP, "r15": R15, "rip": RIP, "eflags": EFLAGS, "gs": GS,
		"st7": ST0 + 7, "fctrl": FCTRL, "fop": FOP, "xmm15": XMM0 + 15, "mxcsr": MXCSR, "fs_base": FSBase,
		"gs_base": GSBase, "k_gs_base": KGSBase, "cr0": CR0, "cr3": CR3, "cr8": CR8, "efer": EFER}
	d := Description()
	for name, id := range want {
		r := d.Lookup(name)
		if r == nil || r.ID != id {
			t.Errorf("Lookup(%q) = %+v; want ID %d", name, r, id)
		}
	}
}

func TestTypesAreXML(t *testing.T) {
	for _, f := range Description().Features {
		ids := map[string]bool{}
		dec := xml.NewDecoder(strings.NewReader("<feature>" + f.Types + "</feature>"))
		for {
			tok, err := dec.Token()
			if err == io.EOF {
				break
			}
			if err != nil {
				t.Fatalf("types of %s: %v", f.Name, err)
			}
			if e, ok := tok.(xml.StartElement); ok {
				for _, a := range e.Attr {
					if a.Name.Local == "id" {
						ids[a.Value] = true
					}
				}
			}
		}
		builtin := map[string]bool{"int": true, "int32": true, "int64": true, "data_ptr": true,
			"code_ptr": true, "i387_ext": true}
		for _, r := range f.Registers {
			if !ids[r.Type] && !builtin[r.Type] {
				t.Errorf("register %q has type %q, which feature %s does not define", r.Name, r.Type, f.Name)
			}
		}
	}
}

func TestCodeSegment(t *testing.T) {
	d := Description()
	for _, c := range []struct {
		name          string
		flags, hidden uint32
		bits          byte
	}{
		{"real mode", 0, 0, 16},
		{"D", 1 << 22, 0, 32},
		{"L", 1 << 21, hiddenCS64, 64},
	} {
		var s State
		s.Segs[SegCS] = Segment{Base: 0x5a0000, Flags: c.flags}
		s.Hidden = c.hidden
		if got := s.Register(d.Lookup("code_bits")); len(got) != 8 || got[0] != c.bits {
			t.Errorf("%s: code_bits is % x; want %d in 8 bytes", c.name, got, c.bits)
		}
		if got := s.Register(d.Lookup("cs_base")); len(got) != 8 || got[2] != 0x5a {
			t.Errorf("%s: cs_base is % x; want 0x5a0000 in 8 bytes", c.name, got)
		}
	}
}
