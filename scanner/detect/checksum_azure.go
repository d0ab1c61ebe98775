package detect

import (
	"encoding/base64"
	"encoding/binary"
	"math/bits"
	"strings"
)

// azureSeeds gives, by the four letters of a key that name its service, the seeds of the checksum: one per kind of key,
// eight letters of which the first is the most significant byte. Container Registry ("+ACR") and Redis ("AzCa") are left
// out: keys that were seen do not hold with the seed that is published, and Redis replaces letters of the checksum.
// Source: https://github.com/microsoft/security-utilities, IdentifiableMetadata.cs (2025-11)
var azureSeeds = map[string][]string{
	"+ASt": {"Default0"},
	"+ABa": {"AbAcct00"},
	"+ASb": {"Send0000", "Listen00", "Manage00", "System00", "Unknown0"},
	"+AEh": {"Send0000", "Listen00", "Manage00", "System00", "Unknown0"},
	"+ARm": {"Send0000", "Listen00", "Manage00", "System00", "Unknown0"},
	"ACDb": {"MastRO00", "MastRW00", "SystRO00", "SystRW00", "SysAll00", "Resour00", "Encryp00"},
	"AIoT": {"IoTHub00", "DpsKey00", "Device00"},
	"APIM": {"Tenant00", "IoTHub00", "Gatewy00", "GitKey00"},
	"AzFu": {"Master00", "System00", "Functi00"},
	"AzSe": {"Query000", "PAdmin00"},
}

// azureChecksum holds where the last four bytes of a base64 key are the Marvin checksum of those before them, lowest
// byte first. Keys of Azure services are made so since 2022.
func azureChecksum(value []byte) bool {
	text := strings.TrimRight(string(value), "=")
	name := len(text) - 10 // four letters, then the 32 bits of the checksum and what is left of a byte before them
	if name < 0 {
		return false
	}
	raw, err := base64.RawStdEncoding.Strict().DecodeString(strings.NewReplacer("-", "+", "_", "/").Replace(text))
	if err != nil {
		return false
	}
	end := len(raw) - 4
	sum := binary.LittleEndian.Uint32(raw[end:])
	for _, seed := range azureSeeds[text[name:name+4]] {
		if marvin(raw[:end], binary.BigEndian.Uint64([]byte(seed))) == sum {
			return true
		}
	}
	return false
}

// marvin is Marvin32 folded to 32 bits.
// Source: https://github.com/microsoft/security-utilities, Marvin.cs
func marvin(b []byte, seed uint64) uint32 {
	low, high := uint32(seed), uint32(seed>>32)
	add := func(word uint32) {
		low += word
		high ^= low
		low = bits.RotateLeft32(low, 20) + high
		high = bits.RotateLeft32(high, 9) ^ low
		low = bits.RotateLeft32(low, 27) + high
		high = bits.RotateLeft32(high, 19)
	}
	for ; len(b) >= 4; b = b[4:] {
		add(binary.LittleEndian.Uint32(b))
	}
	var last [4]byte
	copy(last[:], b)
	last[len(b)] = 0x80
	add(binary.LittleEndian.Uint32(last[:]))
	add(0)
	return low ^ high
}
