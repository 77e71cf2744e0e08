// SPDX-License-Identifier: GPL-2.0-or-later

package testguest

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"

	"github.com/vmrr/vmrr/cpu"
	"github.com/vmrr/vmrr/cpu/x86"
	"github.com/vmrr/vmrr/machine"
)

// maxDiffs bounds the differences that Diff lists of one kind.
const maxDiffs = 12

// Diff says in what two machines differ, one difference a line; it is empty if
// their states are equal.
func Diff(got, want *machine.Machine) string {
	var b strings.Builder
	g, w := got.Save(), want.Save()
	note(&b, "moment", g.At, w.At)
	note(&b, "warp, ns", g.Warp, w.Warp)
	note(&b, "end", g.End, w.End)
	diffCPU(&b, g.CPU, w.CPU)
	for i := range w.Devices {
		diffBytes(&b, "device "+w.Devices[i].Name+", byte", 0, g.Devices[i].Data, w.Devices[i].Data)
	}
	diffRAM(&b, got.RAM.Host, want.RAM.Host)
	return b.String()
}

func note(b *strings.Builder, what string, got, want any) {
	if got != want {
		fmt.Fprintf(b, "%s: got %v, want %v\n", what, got, want)
	}
}

// diffCPU names the fields of x86.State, and the elements of those that are arrays.
func diffCPU(b *strings.Builder, got, want []byte) {
	var g, w x86.State
	if g.Decode(got) != nil || w.Decode(want) != nil {
		diffBytes(b, "CPU, byte", 0, got, want)
		return
	}
	gv, wv := reflect.ValueOf(g), reflect.ValueOf(w)
	for i := range gv.NumField() {
		name, gf, wf := gv.Type().Field(i).Name, gv.Field(i), wv.Field(i)
		if name == "_" {
			continue
		}
		if gf.Kind() != reflect.Array {
			diffField(b, name, gf, wf)
			continue
		}
		for j := range gf.Len() {
			diffField(b, fmt.Sprintf("%s[%d]", name, j), gf.Index(j), wf.Index(j))
		}
	}
}

func diffField(b *strings.Builder, name string, got, want reflect.Value) {
	if !got.Equal(want) {
		fmt.Fprintf(b, "CPU %s: got %#x, want %#x\n", name, got.Interface(), want.Interface())
	}
}

// diffRAM lists the first pages that differ, and where in them.
func diffRAM(b *strings.Builder, got, want []byte) {
	pages := 0
	for at := 0; at < len(want); at += cpu.PageSize {
		g, w := got[at:at+cpu.PageSize], want[at:at+cpu.PageSize]
		if bytes.Equal(g, w) {
			continue
		}
		if pages++; pages <= maxDiffs {
			diffBytes(b, fmt.Sprintf("RAM page %d, address", at/cpu.PageSize), at, g, w)
		}
	}
	if pages > 0 {
		fmt.Fprintf(b, "RAM: %d pages differ\n", pages)
	}
}

// diffBytes lists the first 8-byte words that differ.
func diffBytes(b *strings.Builder, what string, base int, got, want []byte) {
	if len(got) != len(want) {
		fmt.Fprintf(b, "%s: got %d bytes, want %d\n", what, len(got), len(want))
		return
	}
	shown := 0
	for at := 0; at < len(want); at += 8 {
		end := min(at+8, len(want))
		if g, w := got[at:end], want[at:end]; !bytes.Equal(g, w) {
			if shown++; shown > maxDiffs {
				fmt.Fprintf(b, "%s: and more\n", what)
				return
			}
			fmt.Fprintf(b, "%s %#x: got % x, want % x\n", what, base+at, g, w)
		}
	}
}
