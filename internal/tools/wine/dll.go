package main

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
)

// What Go's runtime wants, and who has it in wine 8.0: SystemFunction036 is
// RtlGenRandom, with the signature of ProcessPrng.
const (
	randomDLL    = "bcryptprimitives.dll"
	randomExport = "ProcessPrng"
	randomTarget = "ADVAPI32.SystemFunction036"
)

// The image: headers in the first 512 bytes of the file, then one section.
const (
	peOffset     = 64 // right after the DOS header
	fileAlign    = 512
	sectionAlign = 4096
	sectionRVA   = sectionAlign
)

// exportDirectory is IMAGE_EXPORT_DIRECTORY of the PE format.
type exportDirectory struct {
	Characteristics, TimeDateStamp                  uint32
	MajorVersion, MinorVersion                      uint16
	Name, Base                                      uint32
	NumberOfFunctions, NumberOfNames                uint32
	AddressOfFunctions, AddressOfNames, AddressOfNO uint32 // NO: name ordinals
}

// forwarder returns a 64-bit Windows DLL without code. Its only export is the
// name given; the loader resolves that to target ("OTHERDLL.Function").
func forwarder(dll, export, target string) []byte {
	section := exports(dll, export, target)
	var b bytes.Buffer
	put(&b, dosHeader(), []byte("PE\x00\x00"), fileHeader(), optionalHeader(len(section)), sectionHeader(len(section)))
	pad(&b, fileAlign)
	put(&b, section)
	pad(&b, fileAlign)
	return b.Bytes()
}

// exports is the only section: the export directory, its tables, the strings.
// The function's address lies inside of the directory: that makes it a forward.
func exports(dll, export, target string) []byte {
	const functions = 40 // the directory's size
	const names, ordinals, text = functions + 4, functions + 8, functions + 10
	exportAt := text + len(dll) + 1
	targetAt := exportAt + len(export) + 1
	var b bytes.Buffer
	put(&b, exportDirectory{
		Name: sectionRVA + text, Base: 1, NumberOfFunctions: 1, NumberOfNames: 1,
		AddressOfFunctions: sectionRVA + functions,
		AddressOfNames:     sectionRVA + names,
		AddressOfNO:        sectionRVA + ordinals,
	})
	put(&b, uint32(sectionRVA+targetAt), uint32(sectionRVA+exportAt), uint16(0))
	put(&b, []byte(dll+"\x00"+export+"\x00"+target+"\x00"))
	return b.Bytes()
}

func dosHeader() []byte {
	h := make([]byte, peOffset)
	copy(h, "MZ")
	binary.LittleEndian.PutUint32(h[60:], peOffset)
	return h
}

func fileHeader() pe.FileHeader {
	return pe.FileHeader{
		Machine:              pe.IMAGE_FILE_MACHINE_AMD64,
		NumberOfSections:     1,
		SizeOfOptionalHeader: uint16(binary.Size(pe.OptionalHeader64{})),
		Characteristics:      pe.IMAGE_FILE_EXECUTABLE_IMAGE | pe.IMAGE_FILE_LARGE_ADDRESS_AWARE | pe.IMAGE_FILE_DLL,
	}
}

func optionalHeader(section int) pe.OptionalHeader64 {
	h := pe.OptionalHeader64{
		Magic:                 0x20b, // PE32+
		SizeOfInitializedData: round(section, fileAlign),
		ImageBase:             0x180000000,
		SectionAlignment:      sectionAlign, FileAlignment: fileAlign,
		MajorOperatingSystemVersion: 6, MajorSubsystemVersion: 6,
		SizeOfImage:   sectionRVA + round(section, sectionAlign),
		SizeOfHeaders: fileAlign,
		Subsystem:     pe.IMAGE_SUBSYSTEM_WINDOWS_CUI,
		DllCharacteristics: pe.IMAGE_DLLCHARACTERISTICS_HIGH_ENTROPY_VA |
			pe.IMAGE_DLLCHARACTERISTICS_DYNAMIC_BASE | pe.IMAGE_DLLCHARACTERISTICS_NX_COMPAT,
		NumberOfRvaAndSizes: 16,
	}
	h.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT] = pe.DataDirectory{VirtualAddress: sectionRVA, Size: uint32(section)}
	return h
}

func sectionHeader(section int) pe.SectionHeader32 {
	return pe.SectionHeader32{
		Name:             [8]uint8{'.', 'e', 'd', 'a', 't', 'a'},
		VirtualSize:      uint32(section),
		VirtualAddress:   sectionRVA,
		SizeOfRawData:    round(section, fileAlign),
		PointerToRawData: fileAlign,
		Characteristics:  pe.IMAGE_SCN_CNT_INITIALIZED_DATA | pe.IMAGE_SCN_MEM_READ,
	}
}

// put appends values of fixed size; a bytes.Buffer takes them all.
func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		out, err := binary.Append(nil, binary.LittleEndian, v)
		if err != nil {
			panic(err) // a value of variable size: a mistake in this file
		}
		b.Write(out)
	}
}

func pad(b *bytes.Buffer, align int) {
	b.Write(make([]byte, int(round(b.Len(), align))-b.Len()))
}

func round(n, align int) uint32 {
	return uint32((n + align - 1) / align * align)
}
