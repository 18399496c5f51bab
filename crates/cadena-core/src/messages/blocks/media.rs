//! Images, sounds, videos and files: where their data is.

use super::base64;
use super::fields::block;

block! {
    /// An image, a sound, a video or a file: by URL, as data, or by the id that the provider gave it.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::HumanMessage;
    /// use cadena_core::messages::{ContentBlock, MediaBlock};
    ///
    /// let message = HumanMessage::new(vec![
    ///     ContentBlock::text("What is this?"),
    ///     ContentBlock::Image(MediaBlock::from_bytes([0x89, b'P', b'N', b'G'], "image/png")),
    ///     ContentBlock::Audio(MediaBlock::from_base64("UklGRg==", "audio/wav")),
    ///     ContentBlock::File(MediaBlock::from_file_id("file-1").with_filename("report.pdf")),
    /// ]);
    /// assert_eq!(message.text(), "What is this?");
    /// assert_eq!(serde_json::to_value(&message.content)?[1]["base64"], "iVBORw==");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    MediaBlock {
        /// Where the data is.
        url: Option<String>,
        /// The data, in base 64.
        base64: Option<String>,
        /// The provider's id of the data.
        file_id: Option<String>,
        /// What the data is, such as `image/png`.
        mime_type: Option<String>,
    }
}

impl MediaBlock {
    /// Data that is behind a URL.
    #[must_use]
    pub fn from_url(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// Data that is in base 64 already.
    #[must_use]
    pub fn from_base64(base64: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self {
            base64: Some(base64.into()),
            mime_type: Some(mime_type.into()),
            ..Self::default()
        }
    }

    /// Data as it is; it is kept in base 64.
    #[must_use]
    pub fn from_bytes(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::from_base64(base64::encode(bytes.as_ref()), mime_type)
    }

    /// Data that the provider has.
    #[must_use]
    pub fn from_file_id(file_id: impl Into<String>) -> Self {
        Self {
            file_id: Some(file_id.into()),
            ..Self::default()
        }
    }

    /// Sets what the data is, such as `image/png`.
    #[must_use]
    pub fn with_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Sets the name of the file, which OpenAI wants for files that are sent as data.
    #[must_use]
    pub fn with_filename(self, name: impl Into<String>) -> Self {
        self.with_extra("filename", name.into())
    }
}

block! {
    /// A document that is plain text.
    ///
    /// # Examples
    ///
    /// ```
    /// use cadena_core::messages::{ContentBlock, PlainTextBlock};
    ///
    /// let block = ContentBlock::PlainText(PlainTextBlock::new("Once upon a time").with_title("A tale"));
    /// assert_eq!(serde_json::to_value(&block)?["type"], "text-plain");
    /// # Ok::<_, serde_json::Error>(())
    /// ```
    PlainTextBlock {
        /// The text.
        text: Option<String>,
        /// Where the text is.
        url: Option<String>,
        /// The text, in base 64.
        base64: Option<String>,
        /// The provider's id of the text.
        file_id: Option<String>,
        /// `text/plain`.
        mime_type: Option<String>,
        /// The title of the document.
        title: Option<String>,
        /// What the document is for.
        context: Option<String>,
    }
}

impl PlainTextBlock {
    /// A document by its text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            mime_type: Some("text/plain".to_owned()),
            ..Self::default()
        }
    }

    /// Sets the title.
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets what the document is for.
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }
}
