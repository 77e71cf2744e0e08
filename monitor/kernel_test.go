// SPDX-License-Identifier: GPL-2.0-or-later

package monitor

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/vmrr/vmrr/symbols"
)

// fakeKernel has the modules that it is given, and a symbol at 0x1000.
type fakeKernel struct {
	modules []symbols.Module
	fail    error
}

func (k *fakeKernel) Modules() ([]symbols.Module, error) { return k.modules, k.fail }
func (k *fakeKernel) At(addr uint64) (symbols.Place, bool, error) {
	return symbols.Place{Symbol: symbols.Symbol{Name: "here"}, Offset: addr - 0x1000, Size: 16, Module: "mod"}, addr-0x1000 < 16, k.fail
}

func TestKernelCommands(t *testing.T) {
	two := []symbols.Module{
		{Name: "dummy", Ranges: []symbols.Range{{Addr: 0xffffffffc0100000, Size: 0x3000}, {Addr: 0xffffffffc0200000, Size: 0x1000}}, Symbols: make([]symbols.Symbol, 22)},
		{Name: "odd", State: symbols.ModuleComing, Damage: errors.New("its symbols are nowhere")},
	}
	for _, c := range []struct {
		line   string
		kernel Kernel
		want   string
	}{
		{"info modules", &fakeKernel{}, "No modules.\n"},
		{"info modules", &fakeKernel{modules: two}, "" +
			"MODULE               ADDRESS                SIZE  SYMBOLS\n" +
			"dummy                0xffffffffc0100000    16384       22\n" +
			"odd                  0x0                       0        0  being loaded; its symbols are nowhere\n"},
		{"info modules", &fakeKernel{fail: errors.New("no kernel is there")}, "Error: no kernel is there\n"},
		{"info modules", nil, "Error: nothing is known of the guest's kernel here\n"},
		{"info modules all", &fakeKernel{}, "usage: info modules\n"},
		{"info symbol 0x1004", &fakeKernel{}, "here+0x4/0x10 [mod]\n"},
		{"info symbol $pc + 3", &fakeKernel{}, "here+0x4/0x10 [mod]\n"},
		{"info symbol 0x1010", &fakeKernel{}, "No symbol at 0x1010.\n"},
		{"info symbol here", &fakeKernel{}, "info symbol: \"here\" is no number\n"},
		{"info symbol 0x1004", &fakeKernel{fail: errors.New("no kernel is there")}, "Error: no kernel is there\n"},
		{"info symbol 0x1004", nil, "Error: nothing is known of the guest's kernel here\n"},
		{"info symbol", &fakeKernel{}, "usage: info symbol addr\n"},
		{"info status now", &fakeKernel{}, "usage: info status\n"},
	} {
		var out strings.Builder
		m := &Monitor{Session: &fakeSession{}, Control: &fakeControl{state: StateRunning}, Kernel: c.kernel}
		moved := m.Run(context.Background(), c.line, &out)
		if out.String() != c.want || moved {
			t.Errorf("%q says %q and moves the machine: %v; want %q and false", c.line, out.String(), moved, c.want)
		}
	}
}
