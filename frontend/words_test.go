// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"strings"
	"testing"

	"github.com/spf13/pflag"
)

func TestWords(t *testing.T) {
	for _, c := range []struct {
		args      string
		stdio     use
		port      int
		monitored bool
		err       string
	}{
		{args: "", stdio: useSerial},
		{args: "-serial none", stdio: useNothing},
		{args: "-serial none -serial stdio", stdio: useSerial, port: 1},
		{args: "-monitor none", stdio: useSerial},
		{args: "-monitor stdio", stdio: useMonitor, monitored: true},
		{args: "-qmp stdio", stdio: useQMP, monitored: true},
		{args: "-monitor unix:m,server -qmp tcp::1,server", stdio: useSerial, monitored: true},
		{args: "-serial mon:stdio -monitor stdio", err: "can serve one"},
		{args: "-qmp stdio -monitor stdio", err: "can serve one"},
		{args: "-serial none -serial none -serial null", err: "has 2 serial ports"},
		{args: "-monitor file:x", err: "-monitor file:x: want none, stdio, pty"},
		{args: "-monitor mon:stdio", err: "-monitor mon:stdio: want none"},
		{args: "-qmp vc", err: "-qmp vc: want none"},
		{args: "-monitor tcp:x", err: "has no port"},
		{args: "-serial vc", err: "-serial vc: want mon:stdio, file:PATH, none"},
	} {
		var o Options
		f := pflag.NewFlagSet("test", pflag.ContinueOnError)
		o.Add(f)
		if err := f.Parse(strings.Fields(strings.ReplaceAll(" "+c.args, " -", " --"))); err != nil {
			t.Fatal(err)
		}
		w, err := o.Parse()
		if c.err != "" {
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v; want one with %q", c.args, err, c.err)
			}
			continue
		}
		u, port := w.stdio()
		if err != nil || u != c.stdio || port != c.port || w.Monitored() != c.monitored {
			t.Errorf("%q: standard input is for the %q %d, monitored %v, error %v; want %q %d, %v",
				c.args, u, port, w.Monitored(), err, c.stdio, c.port, c.monitored)
		}
	}
}
