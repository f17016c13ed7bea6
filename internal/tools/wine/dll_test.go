package main

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"testing"
)

func TestForwarder(t *testing.T) {
	image := forwarder(randomDLL, randomExport, randomTarget)
	f, err := pe.NewFile(bytes.NewReader(image))
	if err != nil {
		t.Fatal(err)
	}
	if f.Machine != pe.IMAGE_FILE_MACHINE_AMD64 || f.Characteristics&pe.IMAGE_FILE_DLL == 0 {
		t.Errorf("machine %#x, characteristics %#x: not an amd64 DLL", f.Machine, f.Characteristics)
	}
	h := f.OptionalHeader.(*pe.OptionalHeader64)
	if h.AddressOfEntryPoint != 0 || h.SizeOfCode != 0 || len(f.Sections) != 1 {
		t.Errorf("entry point %#x, %d bytes of code, %d sections: not free of code",
			h.AddressOfEntryPoint, h.SizeOfCode, len(f.Sections))
	}
	if f.Sections[0].Characteristics&pe.IMAGE_SCN_MEM_EXECUTE != 0 {
		t.Error("the section is executable")
	}
	if len(image)%fileAlign != 0 || h.SizeOfImage%sectionAlign != 0 {
		t.Errorf("file of %d bytes, image of %d: not aligned", len(image), h.SizeOfImage)
	}
	checkExport(t, f.Sections[0], h.DataDirectory[pe.IMAGE_DIRECTORY_ENTRY_EXPORT])
}

// checkExport reads the export tables as a loader does.
func checkExport(t *testing.T, s *pe.Section, dir pe.DataDirectory) {
	t.Helper()
	data, err := s.Data()
	if err != nil {
		t.Fatal(err)
	}
	at := func(rva uint32) []byte {
		if rva < s.VirtualAddress || rva >= s.VirtualAddress+s.VirtualSize {
			t.Fatalf("address %#x is outside of the section", rva)
		}
		return data[rva-s.VirtualAddress:]
	}
	text := func(rva uint32) string {
		b, _, _ := bytes.Cut(at(rva), []byte{0})
		return string(b)
	}
	var e exportDirectory
	if _, err := binary.Decode(at(dir.VirtualAddress), binary.LittleEndian, &e); err != nil {
		t.Fatal(err)
	}
	if e.NumberOfFunctions != 1 || e.NumberOfNames != 1 || binary.LittleEndian.Uint16(at(e.AddressOfNO)) != 0 {
		t.Errorf("tables %+v: not one name for function 0", e)
	}
	function := binary.LittleEndian.Uint32(at(e.AddressOfFunctions))
	if function < dir.VirtualAddress || function >= dir.VirtualAddress+dir.Size {
		t.Errorf("function at %#x is not in the export directory, so it is no forward", function)
	}
	got := [3]string{text(e.Name), text(binary.LittleEndian.Uint32(at(e.AddressOfNames))), text(function)}
	if want := [3]string{"bcryptprimitives.dll", "ProcessPrng", "ADVAPI32.SystemFunction036"}; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
