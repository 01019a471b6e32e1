//! Answers request NN with `NN-name.response.json`.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bytes::Bytes;
use serde_json::Value;

/// Recorded answers by the id of the request.
#[derive(Debug, Clone)]
pub struct Examples {
    answers: Arc<HashMap<String, Bytes>>,
}

impl Examples {
    /// Reads every pair `NAME.request.json`, `NAME.response.json` of a directory.
    ///
    /// # Errors
    /// When the directory or one of its files cannot be read, or a request has no `id`.
    pub fn load(dir: &Path) -> Result<Self> {
        let mut answers = HashMap::new();
        for entry in
            fs::read_dir(dir).with_context(|| format!("{} cannot be read", dir.display()))?
        {
            let path = entry?.path();
            let Some(name) = path
                .file_name()
                .and_then(|n| n.to_str())
                .and_then(|n| n.strip_suffix(".request.json"))
            else {
                continue;
            };
            let request: Value = serde_json::from_slice(&fs::read(&path)?)?;
            let id = request["id"]
                .as_str()
                .with_context(|| format!("{} has no id", path.display()))?;
            let response = fs::read(dir.join(format!("{name}.response.json")))
                .with_context(|| format!("{name} has no response beside it"))?;
            answers.insert(id.to_owned(), Bytes::from(response));
        }
        Ok(Self {
            answers: Arc::new(answers),
        })
    }

    /// The recorded answer to a request, found by its id.
    #[must_use]
    pub fn answer(&self, request: &Value) -> Option<Bytes> {
        self.answers.get(request["id"].as_str()?).cloned()
    }
}
