// SPDX-License-Identifier: GPL-2.0-or-later

package frontend

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/pflag"

	"github.com/vmrr/vmrr/chardev"
	"github.com/vmrr/vmrr/frontend/terminal"
)

// serialPorts is how many serial ports a machine has.
const serialPorts = 2

// Options are the options for monitors and serial ports, in QEMU's words.
type Options struct {
	flags                *pflag.FlagSet
	serial, monitor, qmp []string
}

// What a monitor can be at, and what a serial port can be at beside.
const (
	monitorDevices = "none, stdio, pty, unix:PATH, tcp:[HOST]:PORT or telnet:[HOST]:PORT"
	serialDevices  = "mon:stdio, file:PATH, " + monitorDevices
)

// Add adds the options.
func (o *Options) Add(f *pflag.FlagSet) {
	o.flags = f
	const listen = ", the last three with ,server=on,wait=off to listen"
	f.StringArrayVar(&o.serial, "serial", nil, "the guest's first serial port, and with a second -serial the second: "+serialDevices+listen+
		"; mon:stdio is the default, where Ctrl-A c is the monitor")
	f.StringArrayVar(&o.monitor, "monitor", nil, "a monitor for people and scripts: "+monitorDevices+listen)
	f.StringArrayVar(&o.qmp, "qmp", nil, "a monitor that speaks QMP: as -monitor")
}

// Words are these options, understood.
type Words struct {
	serial         [serialPorts]chardev.Spec
	monitors, qmps []chardev.Spec
	explicit       bool // the serial ports were named
}

// Parse checks the options; an error is a mistake on the command line. Standard input
// and output are the first serial port's, and a monitor's with it, unless they are given
// to something else.
func (o *Options) Parse() (Words, error) {
	w := Words{explicit: o.flags.Changed("serial")}
	onStdio := 0
	read := func(option, devices string, words []string) (specs []chardev.Spec, err error) {
		for _, word := range words {
			s, err := chardev.Parse(word)
			if errors.Is(err, chardev.ErrUnknown) || err == nil && option != "serial" && (s.Kind == chardev.File || s.Mux) {
				return nil, fmt.Errorf("-%s %s: want %s", option, word, devices)
			}
			if err != nil {
				return nil, fmt.Errorf("-%s: %w", option, err)
			}
			if s.Kind == chardev.Stdio {
				onStdio++
			}
			specs = append(specs, s)
		}
		return specs, nil
	}
	serial, err := read("serial", serialDevices, o.serial)
	if err != nil {
		return w, err
	}
	if w.monitors, err = read("monitor", monitorDevices, o.monitor); err != nil {
		return w, err
	}
	if w.qmps, err = read("qmp", monitorDevices, o.qmp); err != nil {
		return w, err
	}
	switch {
	case len(serial) > serialPorts:
		return w, fmt.Errorf("-serial %s: the machine has %d serial ports", serial[serialPorts].Word, serialPorts)
	case onStdio > 1:
		return w, fmt.Errorf("standard input and output can serve one -serial, -monitor or -qmp only")
	case !w.explicit && onStdio == 0:
		w.serial[0] = chardev.Spec{Kind: chardev.Stdio, Mux: true}
	}
	copy(w.serial[:], serial)
	return w, nil
}

// stdio says what standard input and output are for, and for a serial port which.
func (w *Words) stdio() (u use, port int) {
	for _, s := range w.monitors {
		if s.Kind == chardev.Stdio {
			return useMonitor, 0
		}
	}
	for _, s := range w.qmps {
		if s.Kind == chardev.Stdio {
			return useQMP, 0
		}
	}
	for i, s := range w.serial {
		if s.Kind == chardev.Stdio {
			return useSerial, i
		}
	}
	return useNothing, 0
}

// UsesStdio reports whether something is at standard input and output.
func (w *Words) UsesStdio() bool {
	u, _ := w.stdio()
	return u != useNothing
}

// Monitored reports whether there is a monitor beside the console's.
func (w *Words) Monitored() bool {
	u, _ := w.stdio()
	return w.remote() || u == useMonitor || u == useQMP
}

// remote reports whether there is a monitor elsewhere than on standard input.
func (w *Words) remote() bool {
	return slices.ContainsFunc(slices.Concat(w.monitors, w.qmps), func(s chardev.Spec) bool {
		return s.Kind == chardev.Socket || s.Kind == chardev.PTY
	})
}

// Console reports whether the console can turn into a monitor.
func (w *Words) Console() bool {
	u, port := w.stdio()
	return u == useSerial && w.serial[port].Mux && (w.explicit || terminal.HasKeyboard())
}
