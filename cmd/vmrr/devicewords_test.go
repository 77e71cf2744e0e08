// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"errors"
	"strings"
	"testing"
)

func TestDeviceWords(t *testing.T) {
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
		{args: "-monitor file:x", err: "cannot be there"},
		{args: "-monitor mon:stdio", err: "cannot be there"},
		{args: "-serial vc", err: "-serial"},
	} {
		var o deviceOptions
		f := newFlags("test", "", "")
		o.add(f)
		if _, err := parse(f, strings.Fields(c.args), 0); err != nil {
			t.Fatal(err)
		}
		w, err := o.parse()
		if c.err != "" {
			var usage usageError
			if !errors.As(err, &usage) || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%q: error %v; want a usage error with %q", c.args, err, c.err)
			}
			continue
		}
		u, port := w.stdio()
		if err != nil || u != c.stdio || port != c.port || w.monitored() != c.monitored {
			t.Errorf("%q: standard input is for the %q %d, monitored %v, error %v; want %q %d, %v",
				c.args, u, port, w.monitored(), err, c.stdio, c.port, c.monitored)
		}
	}
}
