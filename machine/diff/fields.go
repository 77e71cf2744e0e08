// SPDX-License-Identifier: GPL-2.0-or-later

package diff

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"reflect"
	"strings"
)

// blobs compares two encoded states of a processor or a device field by field, or,
// if they are not of the type that fresh makes, byte by byte.
func (p *Part) blobs(fresh func() any, want, got []byte) {
	if bytes.Equal(want, got) {
		return
	}
	if w, g := fresh(), fresh(); decode(w, want) && decode(g, got) && bytes.Equal(want[:2], got[:2]) {
		p.fields("", "", reflect.ValueOf(w).Elem(), reflect.ValueOf(g).Elem())
	}
	if len(p.Differences) == 0 {
		p.bytes(want, got)
	}
}

// decode reads a state behind its u16 version.
func decode(state any, blob []byte) bool {
	return len(blob) == 2+binary.Size(state) && binary.Read(bytes.NewReader(blob[2:]), binary.LittleEndian, state) == nil
}

// wide is how many bytes an array of them may have to be shown as one value.
const wide = 16

// fields compares two values of a state. names are those of the elements, if it is
// an array whose elements have names.
func (p *Part) fields(name, names string, want, got reflect.Value) {
	if want.Equal(got) {
		return
	}
	switch kind := want.Kind(); {
	case kind == reflect.Struct:
		for i := range want.NumField() {
			f := want.Type().Field(i)
			if f.Name != "_" {
				p.fields(join(name, f.Name), f.Tag.Get("names"), want.Field(i), got.Field(i))
			}
		}
	case kind == reflect.Array && (want.Type().Elem().Kind() != reflect.Uint8 || want.Len() > wide):
		elements := strings.Fields(names)
		for i := range want.Len() {
			element := fmt.Sprintf("%s[%d]", name, i)
			if i < len(elements) {
				element = elements[i]
			}
			p.fields(element, "", want.Index(i), got.Index(i))
		}
	default:
		p.add(Difference{Place: name, Want: show(want), Got: show(got)})
	}
}

func join(outer, inner string) string {
	if outer == "" {
		return inner
	}
	return outer + "." + inner
}

// show formats a value: unsigned integers in hexadecimal, arrays as bytes.
func show(v reflect.Value) string {
	switch {
	case v.Kind() == reflect.Array:
		return fmt.Sprintf("% x", v.Interface())
	case v.CanUint():
		return fmt.Sprintf("%#x", v.Uint())
	}
	return fmt.Sprint(v.Interface())
}

// bytes compares encoded states that are of no known type, by 8 bytes.
func (p *Part) bytes(want, got []byte) {
	const unit = 8
	if len(want) != len(got) {
		p.values("length, bytes", len(want), len(got))
		return
	}
	for at := 0; at < len(want); at += unit {
		end := min(at+unit, len(want))
		if w, g := want[at:end], got[at:end]; !bytes.Equal(w, g) {
			p.add(Difference{Place: fmt.Sprintf("byte %#x", at), Want: fmt.Sprintf("% x", w), Got: fmt.Sprintf("% x", g)})
		}
	}
}
