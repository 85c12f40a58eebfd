//! MS-CER2 level 1: `POST /stage2.htm` with a UTF-16LE XML document, answered by `Key=Value` lines.
//! Element and attribute names, limits and leniencies: [MS-CER2] 2.2.

mod free;
mod request;
mod response;
mod write;

/// `APPLICATIONINFO`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ApplicationInfo {
    /// `appname`.
    pub name: String,
    /// `apppath`.
    pub path: String,
    /// `appcompany`.
    pub company: Option<String>,
}

/// A level 1 request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level1Request {
    /// `USERINFO/@username`.
    pub user_name: String,
    /// `MACHINEINFO/@machinename`.
    pub machine_name: String,
    /// `MACHINEINFO/@os`.
    pub os: String,
    /// `MACHINEINFO/@lcid`.
    pub lcid: String,
    /// `MACHINEINFO/@oem`.
    pub oem: Option<String>,
    /// `APPLICATIONINFO`.
    pub application: Option<ApplicationInfo>,
    /// `EVENTINFO/@reporttype`.
    pub report_type: u32,
    /// `EVENTINFO/@eventtype`.
    pub event_type: String,
    /// `EVENTINFO/@friendlyeventname`.
    pub friendly_event_name: Option<String>,
    /// `EVENTINFO/@eventdescription`.
    pub event_description: Option<String>,
    /// `EVENTINFO/@eventtime`, a FILETIME.
    pub event_time_filetime: u64,
    /// `SIGNATURE/PARAMETER`: id, name, value; ids 0..9.
    pub parameters: Vec<(u32, String, String)>,
    /// `SIGNATURE/SECONDARYPARAMETER`: name, value.
    pub secondary_parameters: Vec<(String, String)>,
    /// `FILES/FILE`: name, `WER_FILE_TYPE`.
    pub files: Vec<(String, u32)>,
}

/// A level 1 response.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Level1Response {
    /// `Response=`: an URL, or "1".
    pub response: Option<String>,
    /// `SolutionText=`, ours: what to do, for people; several lines.
    pub solution_text: Option<String>,
    /// `SolutionFixedIn=`, ours: the version that has the fix.
    pub solution_fixed_in: Option<String>,
    /// `Bucket=`.
    pub bucket: Option<u64>,
    /// `BucketTable=`.
    pub bucket_table: Option<u64>,
    /// `iData=`: a cab is wanted.
    pub wants_cab: bool,
    /// `MemoryDump=`: with process memory.
    pub wants_memory_dump: bool,
    /// `fDoc=`: with user documents.
    pub wants_documents: bool,
    /// `GetFile=`.
    pub get_files: Vec<String>,
    /// `GetFileVersion=`.
    pub get_file_versions: Vec<String>,
    /// `RegKey=`.
    pub registry_keys: Vec<String>,
    /// `RegTree=`.
    pub registry_trees: Vec<String>,
    /// `WQL=`.
    pub queries: Vec<String>,
    /// `DumpServer=`.
    pub dump_server: Option<String>,
    /// `DumpFile=`.
    pub dump_file: Option<String>,
}
