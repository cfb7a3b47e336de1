import CTeltel
import Testing

@Suite struct WriterPoolTests {
    /// Threads that emit at the same time must not wait for each other's lines: each writer begins one, and ends before the next.
    @Test func noTwoWritersShareACacheLine() throws {
        ctel_lock()
        defer { ctel_unlock() }
        var taken: [UnsafeMutablePointer<ctel_writer>] = []
        defer { for writer in taken { ctel_writer_return(writer) } }
        for _ in 0..<200 { taken.append(try #require(ctel_writer_take())) }
        let places = taken.map { UInt(bitPattern: $0) }
        #expect(places.allSatisfy { $0 % 64 == 0 })
        for (earlier, later) in zip(places.sorted(), places.sorted().dropFirst()) {
            #expect(later - earlier >= UInt(MemoryLayout<ctel_writer>.size))
        }
        // All that an emit touches besides the ring itself lies in the first line.
        #expect(MemoryLayout<ctel_writer>.offset(of: \.reserved) == 56)
    }
}
