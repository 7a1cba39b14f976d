"""Models of notices."""

from pzhub.notices.models.notice import MailChoice, Notice, NoticeKind

__all__ = ["MailChoice", "Notice", "NoticeKind"]
