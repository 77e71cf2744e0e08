// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"errors"
	"strings"

	"github.com/vmrr/vmrr/symbols"
)

// Kernel knows what the guest's kernel says of itself at the present instant.
type Kernel interface {
	Modules() ([]symbols.Module, error)
	At(addr uint64) (p symbols.Place, ok bool, err error)
}

var _ Kernel = (*symbols.Guest)(nil)

// errNoKernel says that nobody knows the guest's kernel.
var errNoKernel = errors.New("nothing is known of the guest's kernel here")

// infoModules lists the modules as lsmod does.
func (c *call) infoModules() error {
	if c.Kernel == nil {
		return errNoKernel
	}
	list, err := c.Kernel.Modules()
	if err != nil {
		return err
	}
	if len(list) == 0 {
		c.printf("No modules.\n")
		return nil
	}
	c.printf("%-20s %-18s %8s %8s\n", "MODULE", "ADDRESS", "SIZE", "SYMBOLS")
	for _, m := range list {
		var at uint64
		var notes []string
		if len(m.Ranges) > 0 {
			at = m.Ranges[0].Addr
		}
		if m.State != symbols.ModuleLive {
			notes = append(notes, m.State.String())
		}
		if m.Damage != nil {
			notes = append(notes, m.Damage.Error())
		}
		c.printf("%-20s %#-18x %8d %8d", m.Name, at, m.Size(), len(m.Symbols))
		if len(notes) > 0 {
			c.printf("  %s", strings.Join(notes, "; "))
		}
		c.printf("\n")
	}
	return nil
}

// infoSymbol names an address.
func (c *call) infoSymbol() error {
	if c.Kernel == nil {
		return errNoKernel
	}
	c.name = "info symbol"
	addr, err := c.evaluate(strings.Join(c.args, " "))
	if err != nil {
		return err
	}
	place, ok, err := c.Kernel.At(addr)
	switch {
	case err != nil:
		return err
	case !ok:
		c.printf("No symbol at %#x.\n", addr)
	default:
		c.printf("%v\n", place)
	}
	return nil
}
