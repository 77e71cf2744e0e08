// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"
)

// Module is a module of the kernel as it is at one instant.
type Module struct {
	Name    string
	State   ModuleState
	Ranges  []Range  // its memory, by address
	Symbols []Symbol // by address, which is where they are; of equal ones the best name is first
	// Damage says why symbols or frames are missing; nil: they are not.
	Damage error

	frames []frameRun
}

// Range is a part of a module's memory.
type Range struct {
	Name       string // as the kernel calls it: text, data, init_text
	Addr, Size uint64
	Code       bool
}

// end is the first address behind the range.
func (r Range) end() uint64 { return r.Addr + r.Size }

// ModuleState says whether a module is being loaded or removed (enum module_state in
// the kernel's include/linux/module.h).
type ModuleState uint32

// The states of modules whose memory is in use.
const (
	ModuleLive   ModuleState = iota
	ModuleComing             // its init function runs
	ModuleGoing              // its exit function runs

	moduleUnformed // nothing is known of it yet, or any more
)

func (s ModuleState) String() string {
	switch s {
	case ModuleLive:
		return "live"
	case ModuleComing:
		return "being loaded"
	case ModuleGoing:
		return "being removed"
	}
	return fmt.Sprintf("in state %d", uint32(s))
}

// Size is how much memory the module has, in bytes.
func (m *Module) Size() (n uint64) {
	for _, r := range m.Ranges {
		n += r.Size
	}
	return n
}

// At returns the symbol in which an address lies.
func (m *Module) At(addr uint64) (p Place, ok bool) {
	for _, r := range m.Ranges {
		if addr-r.Addr >= r.Size {
			continue
		}
		if i := at(m.Symbols, addr); i >= 0 && m.Symbols[i].Addr >= r.Addr {
			s := m.Symbols[i]
			return Place{Symbol: s, Offset: addr - s.Addr, Size: size(m.Symbols, i, r.end()), Module: m.Name}, true
		}
	}
	return Place{}, false
}

// Modules reads which modules the kernel has loaded, that was moved by slide bytes, in
// the kernel's order: the latest first. Of a module that is just being made or unmade
// nothing is returned. What cannot be read of a single module is in its Damage.
func (t *Table) Modules(mem Memory, slide uint64) ([]Module, error) {
	head, ok := t.Lookup("modules")
	if !ok {
		return nil, errors.New("the kernel does not name its list of modules; was it built with CONFIG_KALLSYMS_ALL?")
	}
	layout, err := t.layout()
	if err != nil {
		return nil, err
	}
	g := newGuestMemory(mem)
	first := head.Addr + slide
	b, err := g.read(first+uint64(layout.next.offset), layout.next.size)
	if err != nil {
		return nil, fmt.Errorf("the kernel's list of modules at %#x cannot be read: %w; "+
			"a process sees little of the kernel where page tables are isolated: go to where the kernel runs", first, err)
	}
	var list []Module
	passed := map[uint64]bool{}
	next := field{0, layout.next.size}.of(b)
	for next != first {
		if len(passed) == maxModules {
			return nil, fmt.Errorf("the kernel's list of modules at %#x has more than %d entries, or no end", first, maxModules)
		}
		if passed[next] {
			return nil, fmt.Errorf("the kernel's list of modules at %#x runs in a circle: entry %d leads back to %#x", first, len(passed), next)
		}
		passed[next] = true
		b, err := g.read(next-uint64(layout.list.offset), layout.size)
		if err != nil {
			return nil, fmt.Errorf("entry %d of the kernel's list of modules, at %#x: %w", len(passed), next, err)
		}
		if state := ModuleState(layout.state.of(b)); state != moduleUnformed {
			m := Module{Name: printable(layout.name.text(b)), State: state}
			m.Damage = g.module(&m, layout, b, t.orc)
			list = append(list, m)
		}
		next = layout.next.at(layout.list.offset).of(b)
	}
	return list, nil
}

// printable makes a text from the guest fit to be shown.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r > '~' {
			return '?'
		}
		return r
	}, text)
}

// module reads what belongs to a module. What could be read stays.
func (g *guestMemory) module(m *Module, layout *moduleLayout, structure []byte, form orcForm) error {
	for _, r := range layout.ranges {
		parts, err := r.in(structure)
		if err != nil {
			return err
		}
		m.Ranges = append(m.Ranges, parts...)
	}
	slices.SortStableFunc(m.Ranges, func(a, b Range) int { return cmp.Compare(a.Addr, b.Addr) })
	symbols, err := g.kallsyms(m, layout, layout.kallsyms.of(structure))
	if err != nil {
		return fmt.Errorf("reading its symbols: %w", err)
	}
	m.Symbols = symbols
	if layout.orcCount.size == 0 || len(form.bases) == 0 {
		return nil
	}
	m.frames, err = g.orc(m, form, layout.orcCount.of(structure), layout.orcIPs.of(structure), layout.orcs.of(structure))
	if err != nil {
		return fmt.Errorf("reading how its stack is unwound: %w", err)
	}
	return nil
}
