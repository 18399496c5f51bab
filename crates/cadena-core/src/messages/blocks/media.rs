//! Images, sounds, videos and files: by URL, as data, or by id.

use super::base64;
use super::fields::block;

block! {
    /// An image, a sound, a video or a file: by URL, as data, or by the provider's id.
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
    #[doc(alias = "ImageContentBlock")]
    #[doc(alias = "AudioContentBlock")]
    #[doc(alias = "VideoContentBlock")]
    #[doc(alias = "FileContentBlock")]
    MediaBlock {
        /// The address of the data.
        url: Option<String>,
        /// The data, in base 64.
        base64: Option<String>,
        /// The id under which the provider keeps the data.
        file_id: Option<String>,
        /// The type of the data, such as `image/png`.
        mime_type: Option<String>,
    }
}

impl MediaBlock {
    /// Makes a block of data at a URL.
    ///
    /// # Examples
    ///
    /// ```
    /// let block = cadena_core::messages::MediaBlock::from_url("https://example.com/a.png");
    /// assert_eq!(block.url.as_deref(), Some("https://example.com/a.png"));
    /// ```
    #[must_use]
    pub fn from_url(url: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            ..Self::default()
        }
    }

    /// Makes a block of data that is in base 64 already.
    ///
    /// # Examples
    ///
    /// ```
    /// let block = cadena_core::messages::MediaBlock::from_base64("iVBORw==", "image/png");
    /// assert_eq!(block.mime_type.as_deref(), Some("image/png"));
    /// ```
    #[must_use]
    pub fn from_base64(base64: impl Into<String>, mime_type: impl Into<String>) -> Self {
        Self {
            base64: Some(base64.into()),
            mime_type: Some(mime_type.into()),
            ..Self::default()
        }
    }

    /// Makes a block of bytes, which are kept in base 64.
    ///
    /// # Examples
    ///
    /// ```
    /// let block = cadena_core::messages::MediaBlock::from_bytes([0x89, b'P', b'N', b'G'], "image/png");
    /// assert_eq!(block.base64.as_deref(), Some("iVBORw=="));
    /// ```
    #[must_use]
    pub fn from_bytes(bytes: impl AsRef<[u8]>, mime_type: impl Into<String>) -> Self {
        Self::from_base64(base64::encode(bytes.as_ref()), mime_type)
    }

    /// Makes a block of data that the provider keeps under an id.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::MediaBlock::from_file_id("file-1").file_id.as_deref(), Some("file-1"));
    /// ```
    #[must_use]
    pub fn from_file_id(file_id: impl Into<String>) -> Self {
        Self {
            file_id: Some(file_id.into()),
            ..Self::default()
        }
    }

    /// Sets the type of the data, such as `image/png`.
    ///
    /// # Examples
    ///
    /// ```
    /// let block = cadena_core::messages::MediaBlock::from_url("https://example.com/a").with_mime_type("image/png");
    /// assert_eq!(block.mime_type.as_deref(), Some("image/png"));
    /// ```
    #[must_use]
    pub fn with_mime_type(mut self, mime_type: impl Into<String>) -> Self {
        self.mime_type = Some(mime_type.into());
        self
    }

    /// Sets the name of the file, which OpenAI requires for a file that is sent as data.
    ///
    /// # Examples
    ///
    /// ```
    /// let block = cadena_core::messages::MediaBlock::from_base64("JVBERg==", "application/pdf").with_filename("a.pdf");
    /// assert_eq!(block.extras["filename"], "a.pdf");
    /// ```
    #[must_use]
    pub fn with_filename(self, name: impl Into<String>) -> Self {
        self.with_extra("filename", name.into())
    }
}

block! {
    /// A document of plain text.
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
    #[doc(alias = "PlainTextContentBlock")]
    PlainTextBlock {
        /// The text.
        text: Option<String>,
        /// The address of the text.
        url: Option<String>,
        /// The text, in base 64.
        base64: Option<String>,
        /// The id under which the provider keeps the text.
        file_id: Option<String>,
        /// The type of the text: `text/plain`.
        mime_type: Option<String>,
        /// The title of the document.
        title: Option<String>,
        /// The purpose of the document, for the model.
        context: Option<String>,
    }
}

impl PlainTextBlock {
    /// Makes a document of a text.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::PlainTextBlock::new("Once").mime_type.as_deref(), Some("text/plain"));
    /// ```
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: Some(text.into()),
            mime_type: Some("text/plain".to_owned()),
            ..Self::default()
        }
    }

    /// Sets the title of the document.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(cadena_core::messages::PlainTextBlock::new("Once").with_title("A tale").title.as_deref(), Some("A tale"));
    /// ```
    #[must_use]
    pub fn with_title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets the purpose of the document, for the model.
    ///
    /// # Examples
    ///
    /// ```
    /// let block = cadena_core::messages::PlainTextBlock::new("Once").with_context("A source to quote from");
    /// assert_eq!(block.context.as_deref(), Some("A source to quote from"));
    /// ```
    #[must_use]
    pub fn with_context(mut self, context: impl Into<String>) -> Self {
        self.context = Some(context.into());
        self
    }
}
