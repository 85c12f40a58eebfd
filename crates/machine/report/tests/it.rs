//! Reports as other programs see them: parameters, `Report.wer`, metadata XML, folder names, event records.

mod it {
    mod bytes;
    mod folder;
    mod parameters;
    mod round_trip;
    mod sample;
}
