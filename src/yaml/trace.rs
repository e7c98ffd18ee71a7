//! How a scalar's decoded text was written.
//!
//! In: pieces in order: runs that stand in the file as they are, and places where a few decoded bytes stand for other
//! bytes of the file. Out: the place in the file of a decoded byte.

use std::ops::Range;

/// What a scalar's decoded text was written as.
#[derive(Debug, Default)]
pub(super) struct Trace {
    pieces: Vec<Piece>,
    length: usize,
}

#[derive(Debug)]
struct Piece {
    /// Where the piece starts in the decoded text.
    decoded: usize,
    /// Its length there.
    length: usize,
    /// What it was written as.
    source: Range<usize>,
}

impl Trace {
    /// A run that stands in the file as it is.
    pub(super) fn verbatim(&mut self, source: Range<usize>) {
        let length = source.len();
        match self.pieces.last_mut() {
            Some(last) if last.source.end == source.start && last.length == last.source.len() => {
                last.source.end = source.end;
                last.length += length;
            }
            _ => self.pieces.push(Piece { decoded: self.length, length, source }),
        }
        self.length += length;
    }

    /// Decoded bytes that stand for other bytes of the file.
    pub(super) fn replaced(&mut self, length: usize, source: Range<usize>) {
        if length > 0 {
            self.pieces.push(Piece { decoded: self.length, length, source });
            self.length += length;
        }
    }

    /// Where the file has the decoded byte at `offset`.
    pub(super) fn source_start(&self, offset: usize) -> Option<usize> {
        self.piece_at(offset).map(|piece| {
            if piece.is_verbatim() { piece.source.start + (offset - piece.decoded) } else { piece.source.start }
        })
    }

    /// Where the file ends what is written for the decoded bytes before `offset`.
    pub(super) fn source_end(&self, offset: usize) -> Option<usize> {
        let last = offset.checked_sub(1)?;
        self.piece_at(last).map(|piece| {
            if piece.is_verbatim() { piece.source.start + (offset - piece.decoded) } else { piece.source.end }
        })
    }

    /// The length of the decoded text that is traced.
    #[cfg(test)]
    pub(super) fn length(&self) -> usize {
        self.length
    }

    fn piece_at(&self, offset: usize) -> Option<&Piece> {
        let index = self.pieces.partition_point(|piece| piece.decoded <= offset).checked_sub(1)?;
        self.pieces.get(index).filter(|piece| offset < piece.decoded + piece.length)
    }
}

impl Piece {
    fn is_verbatim(&self) -> bool {
        self.length == self.source.len()
    }
}
