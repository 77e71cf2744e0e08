// SPDX-License-Identifier: GPL-2.0-or-later

package symbols

// Guest tells what the kernel of a running machine says of itself at the present
// instant.
type Guest struct {
	table func() (*Table, error)
	mem   Memory
	lstar func() uint64
}

// NewGuest returns the guest of a machine whose kernel has the symbols that table returns.
// lstar reads the register that FindSlide wants.
func NewGuest(table func() (*Table, error), mem Memory, lstar func() uint64) *Guest {
	return &Guest{table: table, mem: mem, lstar: lstar}
}

// running returns the kernel's symbols, and how far it was moved.
func (g *Guest) running() (t *Table, slide uint64, err error) {
	if t, err = g.table(); err != nil {
		return nil, 0, err
	}
	slide, err = t.FindSlide(g.mem, g.lstar())
	return t, slide, err
}

// Modules returns the modules that are loaded, as Table.Modules does.
func (g *Guest) Modules() ([]Module, error) {
	t, slide, err := g.running()
	if err != nil {
		return nil, err
	}
	return t.Modules(g.mem, slide)
}

// At returns the symbol of the kernel or a module in which an address lies.
func (g *Guest) At(addr uint64) (p Place, ok bool, err error) {
	t, slide, err := g.running()
	if err != nil {
		return Place{}, false, err
	}
	if p, ok := t.At(addr - slide); ok {
		return p, true, nil
	}
	modules, err := t.Modules(g.mem, slide)
	for _, m := range modules {
		if p, ok := m.At(addr); ok {
			return p, true, nil
		}
	}
	return Place{}, false, err
}
