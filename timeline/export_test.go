// SPDX-License-Identifier: GPL-2.0-or-later

package timeline

// StateHash is what a recorder logs of a machine.
var StateHash = stateHash
