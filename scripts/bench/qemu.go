// SPDX-License-Identifier: GPL-2.0-or-later

package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"time"
)

// qemuModes returns what QEMU is run as, nothing if it is not installed. Its
// record takes no sleep=off: with it QEMU 7.2 never finishes a boot.
func qemuModes(o options) []mode {
	if o.qemu == "" {
		return nil
	}
	qemu, err := exec.LookPath(o.qemu)
	if err != nil {
		fmt.Fprintf(os.Stderr, "bench: %s is not installed, so there is nothing to compare with; make bench-deps installs it\n", o.qemu)
		return nil
	}
	base := []string{qemu, "-machine", "pc", "-m", o.memory, "-nographic", "-serial", "stdio", "-no-shutdown", "-net", "none",
		"-kernel", filepath.Join(o.guest, "vmlinuz"), "-initrd", filepath.Join(o.guest, "initrd.gz"), "-append", o.append}
	run := func(icount func(dir string) string) func(context.Context, string, time.Duration) result {
		return func(ctx context.Context, dir string, timeout time.Duration) result {
			socket := filepath.Join(dir, "monitor.sock")
			os.Remove(socket)
			var count uint64
			args := append(base[:len(base):len(base)], "-monitor", "unix:"+socket+",server=on,wait=off", "-icount", icount(dir))
			p := process{args: args, atEnd: func(ctx context.Context) (err error) {
				count, err = qemuFinish(ctx, socket)
				return err
			}}
			r := p.measure(ctx, timeout)
			r.icount = count
			return r
		}
	}
	rr := func(how string) func(string) string {
		return func(dir string) string {
			return fmt.Sprintf("shift=%d,rr=%s,rrfile=%s", o.shift, how, filepath.Join(dir, "qemu.rr"))
		}
	}
	plain := func(string) string { return fmt.Sprintf("shift=%d,sleep=off", o.shift) }
	return []mode{
		{name: qemuRun, run: run(plain)},
		{name: qemuRecord, run: run(rr("record"))},
		{name: qemuReplay, run: run(rr("replay"))},
	}
}

var (
	qemuPrompt = []byte("(qemu) ")
	qemuCount  = regexp.MustCompile(`instruction count = (\d+)`)
)

// qemuFinish waits until the guest has powered off, asks for the instruction
// count, which QEMU tells in record and replay only, and ends QEMU.
func qemuFinish(ctx context.Context, socket string) (icount uint64, err error) {
	conn, err := net.Dial("unix", socket)
	if err != nil {
		return 0, fmt.Errorf("asking QEMU: %w", err)
	}
	defer conn.Close()
	if deadline, ok := ctx.Deadline(); ok {
		conn.SetDeadline(deadline)
	}
	answer := func() ([]byte, error) {
		var all []byte
		buf := make([]byte, 4096)
		for !bytes.HasSuffix(all, qemuPrompt) {
			n, err := conn.Read(buf)
			if err != nil {
				return nil, fmt.Errorf("asking QEMU: %w", err)
			}
			all = append(all, buf[:n]...)
		}
		return all, nil
	}
	ask := func(command string) ([]byte, error) {
		if _, err := fmt.Fprintln(conn, command); err != nil {
			return nil, fmt.Errorf("asking QEMU: %w", err)
		}
		return answer()
	}
	if _, err := answer(); err != nil { // the greeting
		return 0, err
	}
	for {
		status, err := ask("info status")
		if err != nil {
			return 0, err
		}
		if bytes.Contains(status, []byte("shutdown")) {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	replay, err := ask("info replay")
	if err != nil {
		return 0, err
	}
	if m := qemuCount.FindSubmatch(replay); m != nil {
		icount, err = strconv.ParseUint(string(m[1]), 10, 64)
	}
	fmt.Fprintln(conn, "quit")
	io.Copy(io.Discard, conn) // until it has gone: a command of one who hangs up can be lost
	return icount, err
}
