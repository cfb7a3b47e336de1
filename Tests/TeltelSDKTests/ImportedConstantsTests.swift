// Swift evaluates the macros of ring_abi.h by itself; these are the numbers that C sees.
import CTeltel
import Testing

@Suite struct ImportedConstantsTests {
    @Test func macrosHaveTheirValues() {
        #expect(TELTEL_ABI_VERSION == 1)
        #expect(TELTEL_RUN_MAGIC == 0x316E_7572_4C54_4C54)
        #expect(TELTEL_RING_MAGIC == 0x3167_6E72_4C54_4C54)
        #expect(TELTEL_BYTE_ORDER_MARK == 0x0102_0304)
        #expect(TELTEL_HEADER_BYTES == 4096)
        #expect(TELTEL_MAX_NAME_BYTES == 255)
        #expect(TELTEL_MAX_FIELDS == 1024)
        #expect(TELTEL_MAX_TYPES == 16384)
        #expect(TELTEL_MAX_TAG_SETS == 65535)
        #expect(TELTEL_MAX_WRITERS == 256)
        #expect(TELTEL_MAX_RECORD_BYTES == 1_048_576)
        #expect(TELTEL_MAX_CONFIG_BYTES == 1_048_576)
        #expect(TELTEL_MIN_RING_BYTES == 262_144)
        #expect(TELTEL_MAX_RING_BYTES == 1_073_741_824)
        #expect(TELTEL_COUNTED_TYPES == 1024)
        #expect(TELTEL_COUNTER_ROWS == 1026)
        #expect(TELTEL_RECORD_HEADER_BYTES == 24)
        #expect(TELTEL_WRAP_TYPE == 0xFFFF)
        #expect(TELTEL_INGEST_TYPE == 1)
    }

    @Test func structsHaveTheLayoutOfTheFiles() {
        #expect(MemoryLayout<teltel_record>.size == 24)
        #expect(MemoryLayout<teltel_record>.offset(of: \.sim_time) == 16)
        #expect(MemoryLayout<teltel_ingest_head>.size == 16)
        #expect(MemoryLayout<teltel_counter_row>.size == 64)
        #expect(MemoryLayout<teltel_ring_header>.size == 4096)
        #expect(MemoryLayout<teltel_ring_header>.offset(of: \.head) == 128)
        #expect(MemoryLayout<teltel_ring_header>.offset(of: \.released) == 256)
        #expect(MemoryLayout<teltel_run_header>.size == 4096)
        #expect(MemoryLayout<teltel_run_header>.offset(of: \.file_bytes) == 1024)
        #expect(MemoryLayout<teltel_run_header>.offset(of: \.end_reason) == 1064)
        #expect(MemoryLayout<teltel_entry>.size == 24)
        #expect(MemoryLayout<teltel_entry_field>.size == 16)
    }
}
