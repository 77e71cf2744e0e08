// SPDX-License-Identifier: GPL-2.0-or-later

package x86

import (
	"fmt"
	"strings"
)

// The types that gdb does not know by itself, as XML. The flag registers name
// their bits as the Intel SDM does (vol. 1, 3.4.3 and 10.2.3; vol. 3, 2.2.1 and
// 2.5), so that gdb prints "[ ZF PF ]" and lets one write $eflags.ZF.
var (
	eflagsType = flags("i386_eflags", 4, "CF 0", "- 1", "PF 2", "AF 4", "ZF 6", "SF 7", "TF 8", "IF 9",
		"DF 10", "OF 11", "NT 14", "RF 16", "VM 17", "AC 18", "VIF 19", "VIP 20", "ID 21")

	vectorTypes = vectors + flags("i386_mxcsr", 4, "IE 0", "DE 1", "ZE 2", "OE 3", "UE 4", "PE 5", "DAZ 6",
		"IM 7", "DM 8", "ZM 9", "OM 10", "UM 11", "PM 12", "FZ 15")

	systemTypes = flags("x64_cr0", 8, "PE 0", "MP 1", "EM 2", "TS 3", "ET 4", "NE 5", "WP 16", "AM 18",
		"NW 29", "CD 30", "PG 31") +
		flags("x64_cr4", 8, "VME 0", "PVI 1", "TSD 2", "DE 3", "PSE 4", "PAE 5", "MCE 6", "PGE 7", "PCE 8",
			"OSFXSR 9", "OSXMMEXCPT 10", "UMIP 11", "LA57 12", "VMXE 13", "SMXE 14", "FSGSBASE 16",
			"PCIDE 17", "OSXSAVE 18", "SMEP 20", "SMAP 21", "PKE 22") +
		flags("x64_efer", 8, "SCE 0", "LME 8", "LMA 10", "NXE 11", "SVME 12", "LMSLE 13", "FFXSR 14", "TCE 15")
)

// flags returns the XML of a flags type of size bytes. Each field is "NAME BIT";
// the name "-" stands for a bit that is reserved but may be set.
func flags(id string, size int, fields ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<flags id=%q size=\"%d\">\n", id, size)
	for _, f := range fields {
		name, bit, _ := strings.Cut(f, " ")
		if name == "-" {
			name = ""
		}
		fmt.Fprintf(&b, "  <field name=%q start=%q end=%q/>\n", name, bit, bit)
	}
	b.WriteString("</flags>\n")
	return b.String()
}

// vectors are the views of an XMM register.
const vectors = `<vector id="v4f" type="ieee_single" count="4"/>
<vector id="v2d" type="ieee_double" count="2"/>
<vector id="v16i8" type="int8" count="16"/>
<vector id="v8i16" type="int16" count="8"/>
<vector id="v4i32" type="int32" count="4"/>
<vector id="v2i64" type="int64" count="2"/>
<union id="vec128">
  <field name="v4_float" type="v4f"/>
  <field name="v2_double" type="v2d"/>
  <field name="v16_int8" type="v16i8"/>
  <field name="v8_int16" type="v8i16"/>
  <field name="v4_int32" type="v4i32"/>
  <field name="v2_int64" type="v2i64"/>
  <field name="uint128" type="uint128"/>
</union>
`
