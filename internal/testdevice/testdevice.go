// SPDX-License-Identifier: GPL-2.0-or-later

// Package testdevice has what the tests of several devices do.
package testdevice

import (
	"bytes"
	"testing"

	"github.com/vmrr/vmrr/devices"
)

// Copy loads into one device what another one saves, and checks that it is saved again
// to the byte. It returns those bytes.
func Copy(t testing.TB, from, into devices.Device) []byte {
	t.Helper()
	blob := from.Save()
	if err := into.Load(blob); err != nil {
		t.Fatalf("Load(Save()) = %v; want nil", err)
	}
	if got := into.Save(); !bytes.Equal(got, blob) {
		t.Errorf("Save after Load = %x; want what was loaded, %x", got, blob)
	}
	return blob
}
