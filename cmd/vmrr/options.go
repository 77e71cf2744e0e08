// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"strconv"
	"strings"

	"github.com/spf13/pflag"

	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/icount"
	"github.com/vmrr/vmrr/images/linux"
	"github.com/vmrr/vmrr/machine/pc"
	"github.com/vmrr/vmrr/monitor"
	"github.com/vmrr/vmrr/session"
)

// machineOptions are the options that shape the machine, in QEMU's words.
type machineOptions struct {
	flags     *pflag.FlagSet
	board     string
	cpu       string
	memory    string
	kernel    string
	initrd    string
	append    string
	icount    string
	rtc       string
	seed      string
	noReboot  bool
	nographic bool
}

func (o *machineOptions) add(f *pflag.FlagSet) {
	o.flags = f
	f.StringVarP(&o.board, "machine", "M", "pc", "board: pc")
	f.StringVar(&o.cpu, "cpu", "qemu64", "CPU model: "+strings.Join(x86.Models(), ", "))
	f.StringVarP(&o.memory, "memory", "m", "256M", "RAM, with suffix K, M, G or T; M without one")
	f.StringVar(&o.kernel, "kernel", "", "Linux kernel: a bzImage or an ELF vmlinux")
	f.StringVar(&o.initrd, "initrd", "", "initial RAM disk")
	f.StringVar(&o.append, "append", "", "kernel command line")
	f.StringVar(&o.icount, "icount", "shift=0,sleep=on", "shift=N: an instruction takes 2^N ns; sleep=on|off: an idle guest waits in host time; rr=record|replay, rrfile=DIR and rrsnapshot=NAME as in QEMU")
	f.StringVar(&o.rtc, "rtc", "base=utc", "base=utc: the guest's clock starts at the host's time; base=2026-01-01T00:00:00: at that")
	f.StringVar(&o.seed, "seed", "", "make the guest's entropy from this text, instead of taking the host's")
	f.BoolVar(&o.noReboot, "no-reboot", false, "a guest reset ends the run")
	f.BoolVar(&o.nographic, "nographic", false, "accepted for QEMU's sake: -serial mon:stdio is the default")
}

// icountOptions are the parts of -icount.
type icountOptions struct {
	shift uint
	sleep bool
	// As QEMU has it: what is to be done with which recording and which snapshot.
	rr, file, snapshot string
}

// The values of rr.
const (
	rrRecord = "record"
	rrReplay = "replay"
)

func parseICount(s string) (icountOptions, error) {
	o := icountOptions{sleep: true}
	for _, part := range strings.Split(s, ",") {
		key, value, _ := strings.Cut(part, "=")
		switch key {
		case "shift":
			n, err := strconv.ParseUint(value, 10, 8)
			if err != nil || n > icount.MaxShift {
				return o, usagef("-icount shift=%s: want a number from 0 to %d", value, icount.MaxShift)
			}
			o.shift = uint(n)
		case "sleep":
			if value != "on" && value != "off" {
				return o, usagef("-icount sleep=%s: want on or off", value)
			}
			o.sleep = value == "on"
		case "rr":
			if value != rrRecord && value != rrReplay {
				return o, usagef("-icount rr=%s: want record or replay", value)
			}
			o.rr = value
		case "rrfile":
			o.file = value
		case "rrsnapshot":
			o.snapshot = value
		default:
			return o, usagef("-icount %s: want shift=N, sleep=on|off, rr=record|replay, rrfile=DIR or rrsnapshot=NAME", part)
		}
	}
	if o.rr == "" && (o.file != "" || o.snapshot != "") {
		return o, usagef("-icount %s: rrfile and rrsnapshot are for rr=record and rr=replay", s)
	}
	return o, nil
}

// parseSize reads a size in bytes; without a suffix it is in units of 1 MiB.
func parseSize(s string) (uint64, error) {
	digits, unit := s, uint64(1<<20)
	if s != "" {
		if i := strings.IndexByte("KMGT", s[len(s)-1]&^0x20); i >= 0 {
			digits, unit = s[:len(s)-1], 1<<(10*(uint(i)+1))
		}
	}
	n, err := strconv.ParseUint(digits, 10, 64)
	if err != nil || n == 0 || n > math.MaxUint64/unit {
		return 0, usagef("%q is no size: want a number above 0, with K, M, G or T", s)
	}
	return n * unit, nil
}

// formatSize writes a size in bytes as parseSize reads it.
func formatSize(n uint64) string {
	for i, unit := range "TGMK" {
		if size := uint64(1) << (40 - 10*i); n >= size && n%size == 0 {
			return fmt.Sprintf("%d%c", n/size, unit)
		}
	}
	return fmt.Sprintf("%d bytes", n)
}

// config checks the options and reads the files that they name.
func (o *machineOptions) config() (pc.Config, error) {
	var c pc.Config
	ic, err := parseICount(o.icount)
	if err != nil {
		return c, err
	}
	if o.board != "pc" {
		return c, usagef("-M %s: this vmrr has the board pc", o.board)
	}
	ram, err := parseSize(o.memory)
	if err != nil {
		return c, fmt.Errorf("-m: %w", err)
	}
	if err := pc.CheckRAM(ram); err != nil {
		return c, usagef("-m %s: a pc cannot have that much RAM: %w", o.memory, err)
	}
	if _, err := x86.NewModel(o.cpu); err != nil {
		return c, usagef("-cpu: %w", err)
	}
	if o.kernel == "" {
		return c, usagef("-kernel is missing: which kernel is the machine to run?")
	}
	c = pc.Config{RAM: ram, CPU: o.cpu, Shift: ic.shift, CommandLine: o.append, NoReboot: o.noReboot}
	if c.Kernel, err = readImage("kernel", o.kernel); err != nil {
		return c, err
	}
	if o.initrd != "" {
		if c.Initrd, err = readImage("initrd", o.initrd); err != nil {
			return c, err
		}
	}
	err = pc.Check(c)
	if long := (*linux.CommandLineError)(nil); errors.As(err, &long) {
		return c, usagef("-append: %w", err)
	}
	return c, err
}

// maxImage bounds a kernel or an initrd in bytes.
const maxImage = 4 << 30

func readImage(what, path string) ([]byte, error) {
	st, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("reading the %s: %w", what, err)
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("reading the %s: %s is not a file", what, path)
	}
	if st.Size() > maxImage {
		return nil, fmt.Errorf("reading the %s: %s has %d bytes, want at most %d", what, path, st.Size(), uint64(maxImage))
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("reading the %s: %w", what, err)
	}
	return b, nil
}

// debugOptions are the options for a debugger.
type debugOptions struct {
	gdb     string
	short   bool
	stopped bool
}

func (o *debugOptions) add(f *pflag.FlagSet) {
	f.StringVar(&o.gdb, "gdb", "", "wait for gdb on tcp:[HOST]:PORT (loopback if no host) or unix:PATH")
	f.BoolVarP(&o.short, "gdb-default", "s", false, "the same as -gdb "+monitor.DefaultGDB)
	f.BoolVarP(&o.stopped, "stopped", "S", false, "do not start: wait for a debugger or a monitor")
}

// address returns where gdb is to connect; ok is false if nowhere.
func (o *debugOptions) address() (a session.GDBAddress, ok bool, err error) {
	word := o.gdb
	if word == "" && o.short {
		word = monitor.DefaultGDB
	}
	if word == "" {
		return a, false, nil
	}
	if a, err = session.ParseGDB(word); err != nil {
		return a, false, usagef("-gdb: %w", err)
	}
	return a, true, nil
}

// listen opens the server's address before the machine is built, so that one that
// is taken is an error at once. It returns nil without an error if none is wanted.
func (o *debugOptions) listen(ctx context.Context) (net.Listener, error) {
	addr, ok, err := o.address()
	if err != nil || !ok {
		return nil, err
	}
	return addr.Listen(ctx)
}
